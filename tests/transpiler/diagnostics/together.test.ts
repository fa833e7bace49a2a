/**
 * One run reports all errors of a program, and none that is only a consequence of another.
 *
 * Each line that the transpiler refuses ends in a comment with the codes; every other line has none. Errors of tsc
 * itself are left out.
 */
import t from 'tap';
import { transpileExamples } from '../../../transpiler/reference/examples.js';
import { root } from '../../support/golden.js';
import { CONSEQUENCES, LIST, type Case } from './consequences.js';

const FORMS: readonly Case[] = [
  {
    name: 'both operands of an operator',
    code: `export function f(x: u32, y: u64): u32 {
  return u32(x[0] + y?.z); // TSV1009 TSV1009
}`,
  },
  {
    name: 'both sides of a comparison, in both operands of &&',
    code: `export function f(x: u32): boolean {
  return x[0] < x[1] && x[2] === x[3]; // TSV1009 TSV1009 TSV1009 TSV1009
}`,
  },
  {
    name: 'all arguments of a call, and of a call inside it',
    code: `function g(a: u32, b: u32): u32 {
  return min32(a, b);
}
export function f(x: u32): u32 {
  return g(x[0], g(x[1], x as u8)); // TSV1009 TSV1009 TSV1002
}`,
  },
  {
    name: 'the arguments of a function that does not exist in the language',
    code: `export function f(x: u32): u32 {
  return Math.max(x[0], x as u8); // TSV1015 TSV1009 TSV1002
}`,
  },
  {
    name: 'the arguments of a function whose signature is refused',
    code: `function g(x: number): u32 { // TSV1001
  return 1;
}
export function f(x: u32): u32 {
  return g(x[0]); // TSV1009
}`,
  },
  {
    name: 'both sides of an assignment, index and value of an element',
    code: `const words = instance(arr(U32, 4));
export function f(x: u32): void {
  let a: u32 = 0;
  words[0] = x[1]; // TSV1009 TSV1009
  words.set(x[0], x[1]); // TSV1009 TSV1009
  a += x[1]; // TSV1009
}`,
  },
  {
    name: 'the test and the branches of an if',
    code: `export function f(x: u32): u32 {
  if (x) { // TSV1004
    let a = 1; // TSV1011
    return a;
  } else {
    return x[0]; // TSV1009
  }
}`,
  },
  {
    name: 'all parts of a loop',
    code: `export function f(x: u32): void {
  for (let i = 0; x; i++) { // TSV1011 TSV1004
    let n = 1; // TSV1011
  }
  while (x) { // TSV1004
    x[0]; // TSV1009
  }
}`,
  },
  {
    name: 'the subject, the labels and the bodies of a switch',
    code: `export function f(x: u32): u32 {
  switch (x) {
    case -1: // TSV1012
      return x[0]; // TSV1009
    case 0x1_0000_0000: // TSV1012
      return 1;
    default:
      return x[1]; // TSV1009
  }
}`,
  },
  {
    name: 'all parameters, the result and the body of a function',
    code: `export function f(x: number, y?: u32, z: u32): string[] { // TSV1001 TSV1010 TSV1001
  let n = z; // TSV1011
  return x + y;
}`,
  },
  {
    name: 'all declarations of a statement',
    code: `export function f(x: u32): u32 {
  const a = x[0], b = x[1], c = 2; // TSV1009 TSV1009
  return a + b + c;
}`,
  },
  {
    name: 'what stands in the blocks of a statement that the language lacks',
    code: `export function f(x: u32): void {
  do { // TSV1008
    let n = x; // TSV1011
    u32(n);
  } while (x > 0);
  for (const one of [1, 2]) { // TSV1008
    let m = x; // TSV1011
  }
}`,
  },
];

const PROOFS: readonly Case[] = [
  {
    name: 'a proof before a refused statement',
    code: `${LIST}
export function f(x: u32): u32 {
  const y = LIST.get(x); // TSV2104
  return u32(y + x[0]); // TSV1009
}`,
  },
  {
    name: 'a proof after a refused assignment to another variable',
    code: `${LIST}
export function f(x: u32): u32 {
  let y: u32 = 0;
  y = x[0]; // TSV1009
  const z = LIST.get(x); // TSV2104
  return z;
}`,
  },
  {
    name: 'a proof after the refused call of a function that returns nothing',
    code: `${LIST}
export function f(x: u32): u32 {
  out8(0x3f8, x[0]); // TSV1009
  return LIST.get(x); // TSV2104
}`,
  },
  {
    name: 'a proof after the refused call of a function that ensures nothing',
    code: `${LIST}
function next(x: u32): u32 {
  return u32(x + 1);
}
export function f(x: u32): u32 {
  const y = next(x[0]); // TSV1009
  const z = LIST.get(x); // TSV2104
  return u32(y + z);
}`,
  },
  {
    name: 'a proof in a branch that is right, beside one that is not',
    code: `${LIST}
export function f(x: u32, ok: boolean): u32 {
  if (ok) {
    return x[0]; // TSV1009
  } else {
    return LIST.get(x); // TSV2104
  }
}`,
  },
  {
    name: 'a proof in another function than the refused one',
    code: `${LIST}
export function f(x: u32): u32 {
  return x[0]; // TSV1009
}
export function g(x: u32): u32 {
  return LIST.get(x); // TSV2104
}`,
  },
  {
    name: 'a proof before and after what TypeScript refuses',
    code: `${LIST}
export function f(x: u32, y: u64): u32 {
  const z: u8 = x; // TSV2002
  const w = x === 5 ? LIST.get(x) : 0; // TSV2104
  return w;
}`,
  },
  {
    name: 'a proof in a caller that uses nothing of the refused function',
    code: `${LIST}
function note(x: u32): void {
  x[0]; // TSV1009
}
function next(x: u32): u32 {
  return x[0]; // TSV1009
}
export function f(x: u32): u32 {
  note(x);
  const y = LIST.get(x); // TSV2104
  return u32(y + next(x));
}`,
  },
];

const ALL = [
  ...FORMS.map(({ name, code }) => ({ name: `one run tells what is wrong in ${name}`, code })),
  ...PROOFS.map(({ name, code }) => ({ name: `although another statement is refused, one run tells ${name}`, code })),
  ...CONSEQUENCES.map(({ name, code }) => ({ name: `nothing is told that only follows from ${name}`, code })),
];
const program = ALL.map(({ code }, index) => ({ name: `m${index}`, code: `${code}\n` }));
const { diagnostics } = transpileExamples(root, program);

ALL.forEach(({ name, code }, index) => {
  t.test(name, (t) => {
    const told = diagnostics.filter(({ at, code }) => at.file === `m${index}.ts` && code !== 'TSV0001');
    const lines = code.split('\n');
    t.same(
      lines.map((text, line) => [text, codes(told.filter(({ at }) => at.line === line + 1).map(({ code }) => code))]),
      lines.map((text) => [text, codes(/ \/\/ (TSV[\d TSV]+)$/.exec(text)?.[1]?.split(' ') ?? [])]),
    );
    t.end();
  });
});

function codes(all: readonly string[]): string {
  return [...all].sort().join(' ');
}
