/**
 * Programs that once did something else in C than in Node. Some choices make a program that must be refused; every other one must
 * do the same in both.
 */
import { anyLiteral, layoutOf, spelled, TYPES, type Template } from './template.js';
import { limits } from '../values.js';

const WORDS_OF_C = ['int', 'uint64_t', 'UINT32_MAX', 'offsetof', 'auto', 'errno', 'operand0', 'size_t', 'main', 'NULL'];

/** A record with two numbers and an array, and two functions that write it. */
function counter(name: string): string {
  return `const Flags_${name} = bits(U32, { kind: [0, 7], other: [8, 15] });
const Step_${name} = struct('Step_${name}', { size: 56 }, {
  x: at(0, U32), i: at(4, U32), arr: at(8, arr(U8, 8)), flags: at(16, Flags_${name}), all: at(20, arr(Flags_${name}, 8)),
});
const step_${name} = instance(Step_${name});
function next_${name}(): Ref<typeof Step_${name}> { step_${name}.i = u32(step_${name}.i + 1); return step_${name}; }
function val_${name}(): u32 { step_${name}.x = u32(step_${name}.x + 10); return step_${name}.x; }
`;
}

export const DIFFERENCES: readonly Template[] = [
  {
    name: 'module constants of any operator',
    write(draw, name) {
      const isBig = draw.once(3);
      const numbers = [
        '0xfee0_0000',
        '-1',
        '0xffff_ffff',
        '0x1_0000_0000',
        '7',
        '12',
        '40',
        '0x8000_0000',
        '0x7fff_ffff',
        '-7',
      ];
      const bigints = ['0x1000_0000_0000_0000n', '1024n', '-1n', '63n', '3n', '0xffff_ffff_ffff_ffffn', '-7n'];
      const operand = (): string => draw.pick(isBig ? bigints : numbers);
      const operator = draw.pick(['+', '-', '*', '&', '|', '^', '<<', '>>', '%', ...(isBig ? ['/'] : ['>>>'])]);
      const bare = `${operand()} ${operator} ${operand()}`;
      const text = draw.pick([
        bare,
        isBig ? `u64(${bare})` : `u32(${bare})`,
        `(${bare}) ${draw.pick(['&', '>>', '%'])} ${isBig ? '5n' : '5'}`,
      ]);
      return `const VALUE_${name} = ${text};
export function ${name}(x: u64): ${isBig ? 'boolean' : 'u64'} { return ${isBig ? `u64(VALUE_${name}) === x || VALUE_${name} > 0n` : `u64(VALUE_${name}) ^ (x & 1n)`}; }`;
    },
  },
  {
    name: 'literals that no number is',
    write: (draw, name) =>
      `export function ${name}(x: u64): u64 { return u64(u64(0x${draw.pick(['1f', '20', '3f'])}_0000_0000_000${draw.below(8)}) + x); }`,
  },
  {
    name: 'lists whose values may not fit',
    write(draw, name) {
      const type = draw.pick(TYPES);
      const { low, high } = limits(type);
      const values = [
        anyLiteral(draw, type),
        spelled(draw.once(3) ? draw.pick([low - 1n, high + 1n, -1n]) : high, type),
      ];
      return `const list_${name} = list(${layoutOf(type)}, [${values.join(', ')}]);
export function ${name}(i: u8): u64 { return u64(list_${name}.get(i & 1)); }`;
    },
  },
  {
    name: 'locals with names that C may take',
    write(draw, name) {
      const word = draw.pick(WORDS_OF_C);
      const [a, b] = draw.pick([
        [word, `${word}_`],
        [`${word}_`, word],
        ['a_', 'a$'],
        ['a_24_', 'a$'],
        [`${name}_size`, word],
      ] as const);
      return `export function ${name}(${a}: u32, x: u64): u64 {
  if (${a} < 100) { const ${b}: u32 = 7; return u64(${a} + ${b}) ^ u64(-i32(${b})); }
  return u64(-i32(u32(x) & 0xff)) ^ x;
}`;
    },
  },
  {
    name: 'instances called as the memory of a local',
    write: (draw, name) =>
      `const Disk_${name} = struct('Disk_${name}', { size: 4 }, { x: at(0, U32) });
const ${name}_storage = instance(Disk_${name});
export function ${name}(n: u32): u32 {
  const MODULE_${name} = local(Disk_${name});
  MODULE_${name}.x = n; ${name}_storage.x = ${draw.below(9)};
  return MODULE_${name}.x;
}`.replaceAll(`MODULE_${name}`, `${draw.pick(['m0', 'm1', 'm2', 'm3'])}_${name}`),
  },
  {
    name: 'calls on the left of an assignment',
    write(draw, name) {
      const call = `next_${name}()`;
      const index = draw.pick([`val_${name}() & 7`, `step_${name}.i & 7`, `${call}.i & 7`]);
      const left = draw.pick([
        `${call}.x = VALUE;`,
        `${call}.arr.set(${index}, u8(VALUE));`,
        `${call}.flags.kind = VALUE & 0xff;`,
        `step_${name}.all.at(${index}).kind = VALUE & 0xff;`,
        `${call}.all.at(${index}).other = VALUE & 0xff;`,
      ]);
      const value = draw.pick([
        `u32(val_${name}() + val_${name}())`,
        `u32(val_${name}() + step_${name}.i)`,
        '3',
        `${call}.i`,
        `step_${name}.x`,
      ]);
      return `${counter(name)}export function ${name}(n: u32): u32 {
  step_${name}.i = n;
  ${left.replace('VALUE', value)}
  return u32(step_${name}.x + step_${name}.i * 1000);
}`;
    },
  },
  {
    name: 'operands that act, in expressions',
    write(draw, name) {
      const act = (): string =>
        draw.pick([
          `val_${name}()`,
          `next_${name}().i`,
          `step_${name}.x`,
          `step_${name}.i`,
          'n',
          `(n > 5 ? val_${name}() : step_${name}.i)`,
        ]);
      const [a, b, c] = [act(), act(), act()];
      return `${counter(name)}function sum_${name}(a: u32, b: u32, c: u32): u32 { return u32(a * 7 + b * 3 + c); }
export function ${name}(n: u32): u32 {
  const first = ${draw.pick([`u32(${a} - ${b} * ${c})`, `sum_${name}(${a}, ${b}, ${c})`, `min32(${a}, ${b})`])};
  if (${act()} ${draw.pick(['<', '===', '>'])} ${act()} ${draw.pick(['&&', '||'])} ${act()} > 9) return sum_${name}(${act()}, first, ${act()});
  return codes.get(${act()} % ${draw.pick(['9', '8'])}) ^ first & 1;
}`.replace(/return (codes.*);/, 'return u32($1);');
    },
  },
  {
    name: 'contracts that may act',
    write(draw, name) {
      const look = draw.pick([
        `val_${name}() >= 0`,
        `pure_${name}(n) >= 0`,
        `step_${name}.x >= 0`,
        `next_${name}().x >= 0`,
        'device.control >= 0',
      ]);
      const place = draw.pick([
        `requires(${look}); const r = n;`,
        `for (let i: u32 = 0; i < 3; i++) { invariant(${look}); } const r = n;`,
        `const r = n; ensures(${look});`,
      ]);
      return `${counter(name)}function pure_${name}(n: u32): u32 { return n; }
function call_${name}(n: u32): u32 { ${place} return r; }
export function ${name}(n: u32): u32 { const found = call_${name}(n); return u32(found + step_${name}.x); }`;
    },
  },
  {
    name: 'functions whose contracts call each other',
    write: (
      draw,
      name,
    ) => `function first_${name}(x: u32): u32 { const r = ${draw.pick([`second_${name}(x)`, 'x'])}; return r; }
function second_${name}(x: u32): u32 { requires(first_${name}(x) >= 0); return x; }
export function ${name}(x: u32): u32 { return second_${name}(x); }`,
  },
  {
    name: 'references to memory of another layout',
    write(draw, name) {
      const [a, b] = draw.pick([
        ['bits(U32, { kind: [0, 7] })', 'bits(U32, { kind: [0, 1] })'],
        ['bits(U32, { kind: [0, 3] })', 'bits(U32, { kind: [4, 7] })'],
        [
          `struct('Front_${name}', { size: 8 }, { kind: at(0, U32) })`,
          `struct('Back_${name}', { size: 8 }, { kind: at(4, U32) })`,
        ],
      ] as const);
      const wanted = draw.pick(['A', 'B', 'A']);
      return `const A_${name} = ${a};
const B_${name} = ${b};
const Pair_${name} = struct('Pair_${name}', { size: 16 }, { a: at(0, A_${name}), b: at(8, B_${name}) });
const pair_${name} = instance(Pair_${name});
function look_${name}(one: Ref<typeof ${wanted}_${name}>): u32 { return one.kind & 255; }
export function ${name}(n: u32): u32 {
  window(addressOf(pair_${name}), 16).setU32(0, n);
  return u32(look_${name}(pair_${name}.a) + ${wanted === 'B' && draw.once(2) ? 0 : draw.below(3)});
}`;
    },
  },
  {
    name: 'a name that another case declares',
    write: (draw, name) => `export function ${name}(n: u32): u32 {
  let x: u32 = 5;
  if (n > 200) return x;
  switch (n & 3) {
    case 0: ${draw.pick(['let x: u32 = 1; return x;', '{ let x: u32 = 1; return x; }'])}
    case 1: x = 2; return u32(x + 7);
    default: return ${draw.pick(['9', 'u32(n + 1)'])};
  }
}`,
  },
  {
    name: 'booleans that were written as bytes',
    write: (
      draw,
      name,
    ) => `const Truth_${name} = struct('Truth_${name}', { size: 4 }, { on: at(0, BOOL), all: at(1, arr(BOOL, 3)) });
const truth_${name} = instance(Truth_${name});
export function ${name}(value: u8, i: u8): u32 {
  window(addressOf(truth_${name}), 4).setU8(i & 3, value);
  const on = ${draw.pick([`truth_${name}.on`, `truth_${name}.all.get(i % 3)`])};
  return ${draw.pick(['on ? 1 : 0', 'u32(on)', 'on === true ? 3 : 4', 'u32(!on)'])};
}`,
  },
  {
    name: 'text with trigraphs and escapes',
    write(draw, name) {
      const parts = Array.from({ length: 1 + draw.below(4) }, () =>
        draw.pick(['??!', '??/', '\\\\', '\\n', '\\"', 'a', '1', '\\0', '\\t', '?']),
      );
      return `const TEXT_${name} = '${parts.join('')}';
export function ${name}(i: u32): u32 { return i < TEXT_${name}.length ? TEXT_${name}.charCodeAt(i) : u32(TEXT_${name}.length * 1000); }`;
    },
  },
  {
    name: 'names that the library takes',
    write: (draw, name) => `const Odd_${name} = ${draw.pick([
      `bits(U32, { ${draw.pick(['value', 'kind', 'base'])}: [0, 3], rest: [4, 31] })`,
      `struct('${draw.pick([`bits_u32`, `Odd_${name}`])}', { size: 8 }, { rest: at(4, U32) })`,
    ])};
const odd_${name} = instance(Odd_${name});
export function ${name}(n: u32): u32 { odd_${name}.rest = n & 15; return odd_${name}.rest; }`,
  },
  {
    name: 'branches that constants close',
    write: (draw, name) => `const N_${name} = ${draw.pick([0, 40, 3, 32])};
export function ${name}(x: u32): u32 {
  if (N_${name} ${draw.pick(['=== 0', '> 31', '< 1 || N_' + name + ' > 31'])}) return ${draw.below(4)};
  return ${draw.pick([`u32(x / N_${name})`, `x >>> N_${name}`, `x % N_${name}`, `u32(x << N_${name})`])};
}`,
  },
  {
    name: 'the address of a local',
    write: (draw, name) => `const Own_${name} = struct('Own_${name}', { size: 4 }, { x: at(0, U32) });
const shared_${name} = instance(Own_${name});
export function ${name}(n: u32): boolean {
  const one = local(Own_${name});
  one.x = n;
  ${draw.pick(['const other = one;', `let other: Ref<typeof Own_${name}> = one;`, `const other = n > 3 ? one : shared_${name};`, `const other = shared_${name};`])}
  return addressOf(${draw.pick(['other', 'other', 'one'])}) !== 0n && one.x > 3;
}`,
  },
  {
    name: 'volatile memory',
    write: (draw, name) => `const IS_${name} = true;
const Hot_${name} = struct('Hot_${name}', { size: 8, volatile: ${draw.pick(['true', `IS_${name}`, 'false'])} }, { i: at(0, U32), j: at(4, U32) });
const hot_${name} = instance(Hot_${name});
export function ${name}(n: u32): u32 {
  hot_${name}.i = n;
  ${draw.pick([`hot_${name}.j |= 1;`, `const j = hot_${name}.j; hot_${name}.j = u32(j + 1);`, ''])}
  return codes.get(hot_${name}.i % 9);
}`,
  },
];
