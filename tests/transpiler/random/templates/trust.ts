/**
 * Programs that are right only if tsc has checked them. With what switches its checks off they must be refused; without it they
 * must do the same in Node and in C.
 */
import type { Draw } from '../draw.js';
import type { Template } from './template.js';

/** Declares a record, and a function that gives it or null, depending on `n`. */
function cell(name: string): string {
  return `const Cell_${name} = struct('Cell_${name}', { size: 4 }, { x: at(0, U32) });
type Cell_${name} = Ref<typeof Cell_${name}>;
const cell_${name} = instance(Cell_${name});
function maybe_${name}(n: u32): Cell_${name} | null { return (n & 1) === 0 ? null : cell_${name}; }
`;
}

/** A condition that is true for half of the numbers `n`. */
function half(draw: Draw): string {
  return draw.pick(['(n & 1) === 0', '(n & 2) !== 0', 'n > 0x7fff_ffff', 'n % 3 === 0']);
}

export const TRUST: readonly Template[] = [
  {
    name: 'a function that says what a value is',
    write(draw, name) {
      const isPredicate = draw.once(2);
      const test = draw.pick(['one !== null', 'true', half(draw)]);
      const result = isPredicate ? `one is Cell_${name}` : 'boolean';
      const ask = `is_${name}(one, n)`;
      return `${cell(name)}function is_${name}(one: Cell_${name} | null, n: u32): ${result} { return ${test}; }
export function ${name}(n: u32): u32 {
  const one = maybe_${name}(n);
  return ${isPredicate ? ask : `${ask} && one !== null`} ? one.x : ${draw.below(9)};
}`;
    },
  },
  {
    name: 'a function that says which member of an enum a value is',
    write(draw, name) {
      const isPredicate = draw.once(2);
      const result = isPredicate ? 'n is Mode' : 'boolean';
      const most = draw.pick(['0x80', '4', '3']);
      return `function is_${name}(n: u32): ${result} { return n <= ${most}; }
export function ${name}(n: u32): u32 {
  const low = n & 0xff;
  return is_${name}(low) ? speedOf(${isPredicate ? 'low' : 'Mode.slow'}) : ${draw.below(9)};
}`;
    },
  },
  {
    name: 'a let that may have no value',
    write(draw, name) {
      const isBelieved = draw.once(2);
      const mark = isBelieved ? '!' : '';
      const [type, value, result] = draw.pick([
        ['u32', `${1 + draw.below(9)}`, 'x'],
        ['u64', 'u64(n)', 'u32(x)'],
        ['boolean', 'n > 3', 'x ? 1 : 2'],
        [`Cell_${name}`, `cell_${name}`, 'x.x'],
      ]);
      return `${cell(name)}export function ${name}(n: u32): u32 {
  let x${mark}: ${type};
  if (${half(draw)}) x = ${value};${isBelieved ? '' : ` else x = ${value};`}
  return ${result};
}`;
    },
  },
  {
    name: 'a comment that switches tsc off',
    write(draw, name) {
      const isIgnored = draw.once(2);
      const comment = isIgnored ? `// @ts-${draw.pick(['ignore', 'expect-error'])}` : '// Only where it is.';
      return `${cell(name)}export function ${name}(n: u32): u32 {
  const one = maybe_${name}(n);
  ${comment}
  return ${isIgnored ? '' : `one === null ? ${draw.below(9)} : `}one.x;
}`;
    },
  },
  {
    name: 'a union of integer types',
    write(draw, name) {
      const isBig = draw.once(2);
      const [type, n] = isBig ? ['u64', 'n'] : ['u32', ''];
      const isUnion = draw.once(2);
      const union = draw.pick(['u32 | u64', 'u64 | u32', 'u8 | u64', 'u64 | u8']);
      // Of a union, what is passed never equals what it is compared with: one is a number, the other a bigint.
      const compared = `${draw.below(4)}${isUnion === isBig ? '' : 'n'}`;
      return `function same_${name}(x: ${isUnion ? union : type}): u32 { return x === ${compared} ? 1 : 0; }
export function ${name}(x: ${type}): u32 { return same_${name}(x & 3${n}); }`;
    },
  },
];
