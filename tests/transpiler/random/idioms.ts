/**
 * Dangerous operations with the guard that makes each safe, and with one that is off by a little.
 *
 * The right form must be accepted. The wrong form must be refused, with the code given, where the
 * operands may be anything of their type.
 */
import type { PROOF } from '../../../transpiler/diagnostics/proof.js';
import type { Draw } from './draw.js';
import type { TypeName } from './values.js';

export interface Idiom {
  readonly name: string;
  /** Why the wrong form is refused. */
  readonly refusal: keyof typeof PROOF;
  /** The types of its operands; `bytes` is a window. */
  readonly operands: readonly (TypeName | 'bytes')[];
  /** Statements that assign to `out`, a `u64` variable. */
  write(names: readonly string[], draw: Draw): { readonly right: string; readonly wrong: string };
}

/** Two guards for one action. */
function guarded(right: string, wrong: string, action: string): { right: string; wrong: string } {
  return { right: `if (${right}) { ${action} }`, wrong: `if (${wrong}) { ${action} }` };
}

/** Elements of `words`, `records`, `codes` and `handlers` in every generated module. */
export const LENGTHS = { words: 24, records: 3, codes: 9, handlers: 5 };

export const idioms: readonly Idiom[] = [
  {
    name: 'an array index',
    refusal: 'index',
    operands: ['u32'],
    write: ([index]) =>
      guarded(
        `${index} < ${LENGTHS.words}`,
        `${index} <= ${LENGTHS.words}`,
        `words.set(${index}, 7); out = u64(words.get(${index}));`,
      ),
  },
  {
    name: 'an array element by reference',
    refusal: 'index',
    operands: ['u8'],
    write: ([index]) =>
      guarded(
        `${index} < ${LENGTHS.records}`,
        `${index} < ${LENGTHS.records + 1}`,
        `const chosen = records.at(${index}); chosen.count = 1; out = chosen.total;`,
      ),
  },
  {
    name: 'a list index',
    refusal: 'index',
    operands: ['u16'],
    write: ([index]) =>
      guarded(`${index} < ${LENGTHS.codes}`, `${index} !== ${LENGTHS.codes}`, `out = u64(codes.get(${index}));`),
  },
  {
    name: 'a function table index',
    refusal: 'index',
    operands: ['u32', 'u32'],
    write: ([index, value]) =>
      guarded(
        `${index} < ${LENGTHS.handlers}`,
        `${index} <= ${LENGTHS.handlers}`,
        `out = u64(handlers.get(${index})(${value}));`,
      ),
  },
  {
    name: 'an index that was moved',
    refusal: 'index',
    operands: ['u32'],
    write([index], draw) {
      const shift = 1 + draw.below(LENGTHS.words - 1);
      const action = `out = u64(words.get(${index} - ${shift}));`;
      const above = `${index} < ${LENGTHS.words + shift}`;
      return guarded(`${index} >= ${shift} && ${above}`, `${index} >= ${shift - 1} && ${above}`, action);
    },
  },
  {
    name: 'a character of a text',
    refusal: 'character',
    operands: ['u32'],
    write: ([index]) =>
      guarded(`${index} < NAME.length`, `${index} <= NAME.length`, `out = u64(NAME.charCodeAt(${index}));`),
  },
  {
    name: 'a loop over an array',
    refusal: 'index',
    operands: [],
    write() {
      const loop = (test: string): string =>
        `for (let at: u32 = 0; ${test}; at++) { out = u64(out + u64(words.get(at))); }`;
      return { right: loop(`at < ${LENGTHS.words}`), wrong: loop(`at <= ${LENGTHS.words}`) };
    },
  },
  {
    name: 'a loop with a bound from outside',
    refusal: 'index',
    operands: ['u32'],
    write([count]) {
      const loop = `for (let at: u32 = 0; at < ${count}; at++) { out = u64(out + u64(words.get(at))); }`;
      return guarded(`${count} <= ${LENGTHS.words}`, `${count} <= ${LENGTHS.words + 1}`, loop);
    },
  },
  {
    name: 'a loop that counts down',
    refusal: 'doesNotFit',
    operands: ['u32'],
    write([count]) {
      const loop = (last: string): string =>
        `let left: u32 = min32(${count}, ${LENGTHS.words}); while (left ${last} 0) { left -= 1; out = u64(words.get(left)); if (out === 3n) break; }`;
      return { right: loop('>'), wrong: loop('>=') };
    },
  },
  {
    name: 'a sum of 32 bits',
    refusal: 'doesNotFit',
    operands: ['u32'],
    write([value], draw) {
      const more = 1 + draw.below(1000);
      const action = `const sum: u32 = ${value} + ${more}; out = u64(sum);`;
      return guarded(`${value} <= ${0xffff_ffff - more}`, `${value} <= ${0xffff_ffff - more + 1}`, action);
    },
  },
  {
    name: 'a sum of 64 bits',
    refusal: 'inexact',
    operands: ['u64'],
    write([value], draw) {
      const more = BigInt(1 + draw.below(1000));
      const last = (1n << 64n) - 1n - more;
      return guarded(`${value} <= ${last}n`, `${value} <= ${last + 1n}n`, `out = ${value} + ${more}n;`);
    },
  },
  {
    name: 'a sum of two unknowns',
    refusal: 'inexact',
    operands: ['u64', 'u64'],
    write: ([a, b]) =>
      guarded(`${a} <= 0xffffffffffffffffn - ${b}`, `${a} !== 0xffffffffffffffffn - ${b}`, `out = ${a} + ${b};`),
  },
  {
    name: 'a difference of 64 bits',
    refusal: 'inexact',
    operands: ['u64', 'u64'],
    write: ([a, b]) => guarded(`${a} >= ${b}`, `${a} <= ${b}`, `out = ${a} - ${b};`),
  },
  {
    name: 'a difference of 32 bits',
    refusal: 'doesNotFit',
    operands: ['u32', 'u32'],
    write: ([a, b]) => guarded(`${a} > ${b}`, `${a} !== ${b}`, `const rest: u32 = ${a} - ${b} - 1; out = u64(rest);`),
  },
  {
    name: 'a product of 64 bits',
    refusal: 'inexact',
    operands: ['u64'],
    write: ([value]) =>
      guarded(`${value} < 0x10000000n`, `${value} < 0x10000000000n`, `out = ${value} * 0x1000000000n;`),
  },
  {
    name: 'a product that numbers do not hold',
    refusal: 'inexact',
    operands: ['u32', 'u32'],
    write: ([a, b]) => guarded(`${a} < 0x200000`, `${a} < 0x300000`, `out = u64(u32(${a} * ${b}));`),
  },
  {
    name: 'a narrow field',
    refusal: 'doesNotFit',
    operands: ['u32'],
    write: ([value]) => guarded(`${value} < 256`, `${value} <= 256`, `state.byte = ${value} & 0x1ff;`),
  },
  {
    name: 'a bit field',
    refusal: 'doesNotFit',
    operands: ['u32'],
    write([value]) {
      const store = `const kind: u32 = ${value}; state.flags.kind = kind;`;
      return guarded(`${value} < 16`, `${value} <= 16`, `${store} out = u64(state.flags.value);`);
    },
  },
  {
    name: 'a quotient of 32 bits',
    refusal: 'divisor',
    operands: ['u32', 'u32'],
    write: ([a, b]) => guarded(`${b} !== 0`, `${b} !== 1`, `out = u64(u32(${a} / ${b}));`),
  },
  {
    name: 'a remainder of 64 bits',
    refusal: 'divisor',
    operands: ['u64', 'u64'],
    write: ([a, b]) => guarded(`${b} > 0n`, `${b} >= 0n`, `out = ${a} % ${b};`),
  },
  {
    name: 'a quotient of signed numbers',
    refusal: 'inexact',
    operands: ['i64', 'i64'],
    write: ([a, b]) => guarded(`${b} > 0n`, `${b} !== 0n`, `const part: i64 = ${a} / ${b}; out = u64(part);`),
  },
  {
    name: 'a choice between signed and unsigned',
    refusal: 'mixedSigns',
    operands: ['i64', 'u64'],
    write: ([a, b]) => guarded(`${a} >= 0n`, `${a} >= -1n`, `out = u64((${b} === 5n ? ${a} : ${b}) >> 1n);`),
  },
  {
    name: 'a shift to the left of 32 bits',
    refusal: 'shiftCount',
    operands: ['u32', 'u8'],
    write: ([value, count]) => guarded(`${count} < 32`, `${count} <= 32`, `out = u64(u32(${value} << ${count}));`),
  },
  {
    name: 'a shift to the right of 64 bits',
    refusal: 'shiftCount',
    operands: ['u64', 'u64'],
    write: ([value, count]) => guarded(`${count} < 64n`, `${count} <= 64n`, `out = ${value} >> ${count};`),
  },
  {
    name: 'a bit operation on numbers',
    refusal: 'signBit',
    operands: ['u32'],
    write: ([value]) => guarded(`${value} < 0x80000000`, `${value} <= 0x80000000`, `out = u64(${value} | 1);`),
  },
  {
    name: 'a window read',
    refusal: 'bytesRead',
    operands: ['bytes', 'u32'],
    write([data, offset], draw) {
      const [width, bytes] = draw.pick([
        ['u8', 1],
        ['u16', 2],
        ['u32', 4],
        ['u64', 8],
      ] as const);
      const action = `out = u64(${data}.${width}(${offset}));`;
      return guarded(`${offset} <= ${data}.length - ${bytes}`, `${offset} <= ${data}.length - ${bytes - 1}`, action);
    },
  },
  {
    name: 'a window write',
    refusal: 'bytesWrite',
    operands: ['bytes', 'u32'],
    write: ([data, offset]) =>
      guarded(
        `${data}.length > 3 && ${offset} < ${data}.length - 3`,
        `${data}.length > 3 && ${offset} < ${data}.length - 2`,
        `${data}.setU32(${offset}, 0x1020304);`,
      ),
  },
  {
    name: 'a part of a window',
    refusal: 'bytesPart',
    operands: ['bytes', 'u32', 'u32'],
    write([data, offset, length]) {
      const action = `const inner = ${data}.part(${offset}, ${length}); if (inner.length > 0) { out = u64(inner.u8(inner.length - 1)); }`;
      const outer = `${offset} <= ${data}.length && ${length} <= ${data}.length`;
      return guarded(`${offset} <= ${data}.length && ${length} <= ${data}.length - ${offset}`, outer, action);
    },
  },
  {
    name: 'a loop over the records of a window',
    refusal: 'bytesRead',
    operands: ['bytes'],
    write([data]) {
      const walk = (test: string): string =>
        `let offset: u32 = 0; while (${test}) { const size = ${data}.u8(offset + 1); out = u64(out + u64(size)); if (size < 2) break; offset = offset + size; }`;
      return {
        right: walk(`offset <= 65535 && offset + 2 <= ${data}.length`),
        wrong: walk(`offset <= 65535 && offset + 1 <= ${data}.length`),
      };
    },
  },
  {
    name: "a call's requires",
    refusal: 'requires',
    operands: ['u32'],
    write: ([value]) =>
      guarded(`${value} < ${LENGTHS.words}`, `${value} <= ${LENGTHS.words}`, `out = u64(wordAt(${value}));`),
  },
];
