/** Statements, operators and the types of variables and functions that random statements do not have. */
import type { Draw } from '../draw.js';
import type { Template } from './template.js';

const COMPOUND = ['+=', '-=', '*=', '%=', '&=', '|=', '^=', '<<=', '>>='] as const;

function compounds(draw: Draw, operators: readonly string[], suffix: string): string {
  return operators
    .map((operator) => {
      const value = operator === '-=' ? 1 : 1 + draw.below(6);
      return `if (v > 0${suffix} && v < 0x${(100 + draw.below(4000)).toString(16)}${suffix}) v ${operator} ${value}${suffix};`;
    })
    .join('\n  ');
}

/** One loop of each form. */
function loops(n: string): readonly string[] {
  return [
    `while (i < ${n}) { i++; sum = u32(sum + i); }`,
    `for (;;) { if (i >= ${n}) break; i += 2; }`,
    `while (true) { if (sum > i) break; sum = u32(sum + 7); if (i > ${n}) return sum; i++; }`,
    `for (let j: u32 = 0; ; j++) { if (j >= ${n}) break; if (j === 3) continue; sum = u32(sum * 3 + j); }`,
    `for (; i < ${n}; i++) sum = u32(sum ^ i);`,
    `for (let j: u32 = ${n}; j > 0; ) { j--; sum = u32(sum - j); }`,
    `for (let j: u32 = 0; j < ${n}; j++) { invariant(j < ${n}); if (sum > 1000) continue; sum = u32(sum + (j << 2)); }`,
  ];
}

const operators: readonly Template[] = [
  {
    name: 'exact operators on numbers',
    write: (draw, name) => `export function ${name}(x: u32, y: i32, z: i32): i32 {
  const small = x & ${(1 << (1 + draw.below(15))) - 1};
  const less: i32 = -small;
  const other: i32 = ~small;
  const moved: i32 = small << ${draw.below(16)};
  if (y === ${draw.pick([0, 1])} || y === 0) return less;
  const rest: i32 = z % y;
  const part = i32(z / y);
  return small > ${draw.below(300)} ? less ^ other : draw_${name}(moved | rest, part) >> ${draw.below(32)};
}
function draw_${name}(a: i32, b: i32): i32 { return a ${draw.pick(['&', '|', '^'])} b; }`,
  },
  {
    name: 'exact operators on bigints',
    write: (draw, name) => `export function ${name}(x: u64, y: i64, z: i64): i64 {
  const small = x & ${(1n << BigInt(1 + draw.below(30))) - 1n}n;
  const less: i64 = -small;
  const other: i64 = ~small;
  const moved = small << ${draw.below(32)}n;
  const both = moved | x;
  if (y === 0n || y === -1n) return less ^ (both > 5n ? other : less);
  return z > 0n ? z / y : z % y >> ${draw.below(64)}n;
}`,
  },
  {
    name: 'compound assignments of numbers',
    write: (draw, name) => `export function ${name}(x: u32): u32 {
  let v: u32 = x & 0xfff;
  ${compounds(draw, [...COMPOUND, '>>>='], '')}
  v++;
  return v;
}`,
  },
  {
    name: 'compound assignments of bigints',
    write: (draw, name) => `export function ${name}(x: u64): u64 {
  let v: u64 = x & 0xfffn;
  ${compounds(draw, [...COMPOUND, '/='], 'n')}
  v++;
  return v;
}`,
  },
];

const statements: readonly Template[] = [
  {
    name: 'a loop of each form',
    write: (draw, name) => `export function ${name}(x: u32): u32 {
  const n: u32 = x % ${1 + draw.below(40)};
  let sum: u32 = ${draw.below(9)};
  let i: u32;
  ${loops('n')
    .map((loop) => `i = ${draw.pick(['0', 'n >> 1', '1'])};\n  ${loop}`)
    .join('\n  ')}
  return sum;
}`,
  },
  {
    name: 'switches over each kind of subject',
    write: (draw, name) => `function by_${name}(x: i64, n: i32): u32 {
  switch (x) {
    case -${1 + draw.below(9)}n: return 1;
    case 0n: case ${1 + draw.below(9)}n: { const two: u32 = 2; return two; }
    default: break;
  }
  switch (n) {
    case ${draw.pick([-1, -128, -2147483648])}: return 4;
    case ${draw.pick([1, 127, 2147483647])}: { const x = n; return u32(x); }
  }
  return 9;
}
export function ${name}(x: i64, m: Mode, n: i32): u32 {
  let found: u32 = by_${name}(x, n);
  switch (m) {
    case Mode.off: found = u32(found + 1); break;
    case Mode.slow: case Mode.fast: { if (n > 0) found = 8; else found = 9; break; }
    default: return unreachable(m);
  }
  { const found: u32 = 3; out8(${draw.below(99)}, u8(found)); }
  return found;
}`,
  },
  {
    name: 'variables and results that are text',
    write: (draw, name) => `const words_${name} = list(STRING, ['', 'a', 'two words', '${'x'.repeat(draw.below(9))}']);
function label_${name}(n: u32, other: string): string {
  let word: string;
  if (n < ${1 + draw.below(4)}) word = words_${name}.get(n); else word = 'rest';
  const last: string = n > 4 ? other : word;
  return last;
}
export function ${name}(n: u32, i: u32): u32 {
  const text = label_${name}(n, 'other');
  let sum: u32 = text.length;
  for (let at: u32 = 0; at < text.length; at++) sum = u32(sum * 31 + text.charCodeAt(at));
  return i < text.length ? text.charCodeAt(i) : sum;
}
export function text_${name}(text: string, i: u32): string { return i < text.length && text.charCodeAt(i) === ${97 + draw.below(26)} ? text : '${draw.below(99)}'; }`,
  },
  {
    name: 'variables and results that are references, windows, enums, or null',
    write: (
      draw,
      name,
    ) => `const Node_${name} = struct('Node_${name}', { size: 8 }, { key: at(0, U32), next: at(4, U32) });
type Node_${name} = Ref<typeof Node_${name}>;
const pool_${name} = instance(arr(Node_${name}, 4));
function find_${name}(key: u32): Node_${name} | null {
  let found: Node_${name} | null = null;
  for (let i: u32 = 0; i < 4; i++) if (pool_${name}.at(i).key === key) found = pool_${name}.at(i);
  return found;
}
function either_${name}(is: boolean, a: Node_${name}, data: Bytes | null, mode: Mode): Node_${name} {
  let chosen: Node_${name} = is ? a : pool_${name}.at(${draw.below(4)});
  if (data !== null && data.length > ${draw.below(9)}) chosen = pool_${name}.at(data.length % 4);
  const kept: Mode = mode;
  let last: Mode = is ? Mode.slow : kept;
  if (chosen.key > 9) last = Mode.fast;
  chosen.next = last;
  return chosen;
}
function half_${name}(data: Bytes, is: boolean): Bytes {
  const maybe: Bytes | null = is ? data : null;
  let rest: Bytes = data.part(0, u32(data.length / 2));
  let empty: Bytes | null = null;
  if (maybe !== null) empty = maybe.part(0, 0);
  if (empty === null) rest = is ? data : rest;
  return rest;
}
function part_${name}(data: Bytes | null): Bytes | null { return data === null || data.length < 9 ? null : data.part(1, 8); }
function mode_${name}(n: u32): Mode { return n > ${draw.below(99)} ? Mode.off : Mode.fast; }
function reset_${name}(node: Node_${name} | null): void {
  if (node === null) return;
  node.key = ${draw.below(5)};
}
function stop_${name}(): never { return haltForever(); }
export function ${name}(key: u32, data: Bytes, more: Bytes | null, node: Node_${name} | null): u32 {
  const found: Node_${name} | null = find_${name}(key & 3);
  reset_${name}(node);
  if (node !== null) reset_${name}(either_${name}(key > 5, node, more, mode_${name}(key)));
  const maybe: Node_${name} | null = key > 7 ? found : null;
  if (key === 77) return stop_${name}();
  const eight = part_${name}(more);
  const start = half_${name}(data, found === null).length;
  return maybe !== null ? maybe.key : eight !== null ? eight.u8(7) : start;
}`,
  },
];

export const FLOW: readonly Template[] = [...operators, ...statements];
