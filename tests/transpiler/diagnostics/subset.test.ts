/** Programs that are TypeScript but not of the language: each gets one refusal, with this code and these words. */
import t from 'tap';
import { SUBSET } from '../../../transpiler/diagnostics/subset.js';
import { transpileExamples } from '../../../transpiler/reference/examples.js';
import { root } from '../../support/golden.js';

type Rule = keyof typeof SUBSET;

const PAIR =
  "const Pair = struct('PAIR', { size: 8 }, { low: at(0, U32), list: at(4, arr(U8, 4)) });\ntype Pair = Ref<typeof Pair>;\n";
const inside = (body: string): string => `export function run(x: u32, y: u64, ok: boolean): void {\n  ${body}\n}\n`;

/** The construct, the program, the rule it breaks, words of the message. */
const REFUSED: readonly (readonly [string, string, Rule, RegExp])[] = [
  ['an arrow function', inside('const f = () => 1;'), 'functionForm', /no functions inside/],
  ['a function in a function', inside('function inner(): void {}'), 'functionForm', /declarations like this/],
  ['a class', 'export class Box {}\n', 'functionForm', /declarations like this/],
  ['a generic function', 'export function same<T>(x: T): T {\n  return x;\n}\n', 'functionForm', /generic/],
  ['an async function', 'export async function run(): Promise<void> {}\n', 'functionForm', /asynchronous/],
  ['a module-level let', 'export let n: u32 = 0;\n', 'moduleVariable', /no variables/],
  ['a statement at the top level', 'pause();\n', 'statement', /nothing runs/],
  ['var', inside('var n: u32 = 1; u32(n);'), 'statement', /block-scoped/],
  [
    'destructuring',
    `${PAIR}export function run(p: Pair): u32 {\n  const { low } = p;\n  return low;\n}\n`,
    'statement',
    /destructuring/,
  ],
  ['for of', inside('for (const c of [1]) u32(c);'), 'statement', /the loops/],
  ['try', inside('try { pause(); } finally { pause(); }'), 'statement', /exceptions/],
  ['throw', inside("throw new Error('no');"), 'statement', /exceptions/],
  ['a label', inside('again: for (;;) break again;'), 'statement', /labels/],
  ['a value as a statement', inside('x;'), 'statement', /does nothing/],
  ['a template', inside('const s = `a${x}`;'), 'expression', /makes no strings/],
  ['an object literal', inside('const o = { x };'), 'expression', /object literals/],
  ['an array literal', inside('const a = [x];'), 'expression', /array literals/],
  ['a regular expression', inside('const r = /x/;'), 'expression', /regular expressions/],
  ['typeof', inside('const s = typeof x;'), 'expression', /type of expression/],
  [
    'optional chaining',
    `${PAIR}export function run(p: Pair | null): void {\n  const n = p?.low;\n}\n`,
    'expression',
    /no \?\./,
  ],
  ['??', `${PAIR}export function run(p: Pair | null, q: Pair): Pair {\n  return p ?? q;\n}\n`, 'expression', /no \?\?/],
  ['**', inside('const n = x ** 2;'), 'expression', /no \*\*/],
  ['a fraction', inside('const n = 1.5;'), 'expression', /not an integer/],
  [
    'brackets',
    `${PAIR}export function run(p: Pair): void {\n  const n = p['low'];\n}\n`,
    'expression',
    /no \[ \] access/,
  ],
  ['undefined', inside('const n = undefined;'), 'expression', /not undefined/],
  ['unary plus', inside('const n = +x;'), 'expression', /unary \+/],
  ['an assignment as a value', inside('let n: u32 = 0; if ((n = x) > 1) pause();'), 'assignmentForm', /not a value/],
  ['++ as a value', inside('let n: u32 = 0; const m = n++;'), 'assignmentForm', /statements/],
  [
    'an assigned element',
    `${PAIR}export function run(p: Pair): void {\n  p.list = p.list;\n}\n`,
    'assignmentForm',
    /part of its memory/,
  ],
  ['a type assertion', inside('const n = <u8>x;'), 'assertion', /not checked/],
  ['satisfies', inside('const n = x satisfies u32;'), 'assertion', /not checked/],
  ['!', `${PAIR}export function run(p: Pair | null): u32 {\n  return p!.low;\n}\n`, 'assertion', /! is not checked/],
  ['!=', inside('if (x != 1) pause();'), 'looseEquality', /converts/],
  ['a number as a condition', inside('while (x) pause();'), 'truthiness', /not boolean/],
  ['a number below !', inside('if (!x) pause();'), 'truthiness', /x is not boolean/],
  [
    'a reference as a condition',
    `${PAIR}export function run(p: Pair | null): void {\n  if (p) pause();\n}\n`,
    'truthiness',
    /not boolean/,
  ],
  ['any', 'export function run(x: any): void {}\n', 'type', /any is not a type/],
  ['number', 'export function run(): number {\n  return 1;\n}\n', 'type', /number is not a type/],
  ['an optional parameter', 'export function run(x?: u32): void {}\n', 'parameterForm', /nothing optional/],
  ['a rest parameter', 'export function run(...x: u32[]): void {}\n', 'parameterForm', /no rest/],
  ['a missing result type', 'export function run() {}\n', 'annotation', /what it returns/],
  ['a let without a type', inside('let n = x;'), 'annotation', /the let n has no type/],
  [
    'a break in the middle of a case',
    inside('switch (x) { case 1: if (ok) break; pause(); break; default: }'),
    'switchForm',
    /only at the end/,
  ],
  ['a case that is no constant', inside('switch (x) { case x: pause(); }'), 'constantValue', /not known at build/],
  [
    'a switch over a string',
    "export function run(s: string): void {\n  switch (s) {\n    case 'a':\n      pause();\n  }\n}\n",
    'switchForm',
    /over an integer/,
  ],
  ['Math', inside('const n = Math.max(1, 2);'), 'foreignName', /outside the program/],
  [
    'a module as a value',
    "import * as all from './m0.js';\nexport function run(): void {\n  const n = all.x;\n}\n",
    'declarationForm',
    /a module, which is not a value/,
  ],
  [
    'an unknown method',
    `${PAIR}export function run(p: Pair): void {\n  p.list.toString();\n}\n`,
    'foreignName',
    /not a function of the language/,
  ],
  [
    'a field outside its struct',
    "export const S = struct('OUTSIDE', { size: 4 }, { x: at(2, U32) });\n",
    'layoutForm',
    /after the struct's size/,
  ],
  [
    'bits that overlap',
    'export const B = bits(U32, { a: [0, 4], b: [4, 5] });\n',
    'layoutForm',
    /overlaps another bit field/,
  ],
  ['bits beyond the integer', 'export const B = bits(U8, { a: [4, 8] });\n', 'layoutForm', /not within u8/],
  ['an empty array', 'export const A = arr(U8, 0);\n', 'layoutForm', /at least one element/],
  ['an odd alignment', `${PAIR}export const i = instance(Pair, { align: 3 });\n`, 'layoutForm', /power of two/],
  ['a constant that divides by zero', 'export const N = 1n / 0n;\n', 'constantValue', /divides by zero/],
  ['a constant with a fraction', 'export const N = 1 / 3;\n', 'constantValue', /has a fraction/],
  [
    'a table entry beyond the table',
    'function f(): void {}\nexport const T = table(2, f, { 2: f });\n',
    'declarationForm',
    /outside 0\.\.1/,
  ],
  [
    'an address multiplied',
    'export function run(a: Gpa): u64 {\n  return a * 2n;\n}\n',
    'addressSpace',
    /\* is not for/,
  ],
  [
    'an address as an integer',
    'export function run(a: Gpa): u64 {\n  return a + 1n;\n}\n',
    'addressSpace',
    /Gpa is not u64/,
  ],
  [
    'an address of another space',
    'export function run(a: Gpa): Hpa {\n  return a + 1n;\n}\n',
    'addressSpace',
    /Gpa is not Hpa/,
  ],
  [
    'addresses of two spaces',
    'export function run(a: Gpa, b: Hpa): u64 {\n  return a - (b - 1n);\n}\n',
    'addressSpace',
    /is not for Gpa and Hpa/,
  ],
  [
    'a local that is assigned',
    `${PAIR}export function run(p: Pair): void {\n  let q: Pair = p;\n  const own = local(Pair);\n  q = own;\n}\n`,
    'localEscapes',
    /kept in a variable/,
  ],
  [
    'a local returned through a call',
    `${PAIR}function same(p: Pair): Pair {\n  return p;\n}\nexport function run(): Pair {\n  const own = local(Pair);\n  return same(own);\n}\n`,
    'localEscapes',
    /is returned/,
  ],
  [
    'the address of a local',
    `${PAIR}function place(p: Pair): Hpa {\n  return addressOf(p);\n}\nexport function run(): Hpa {\n  const own = local(Pair);\n  return place(own);\n}\n`,
    'localEscapes',
    /no machine address/,
  ],
  [
    'local() without a const',
    `${PAIR}export function run(): u32 {\n  return local(Pair).low;\n}\n`,
    'localEscapes',
    /only initializes/,
  ],
  [
    'a bit field of volatile memory',
    "const Flags = bits(U32, { on: [0, 0] });\nconst M = struct('MMIO', { size: 4, volatile: true }, { flags: at(0, Flags) });\nexport function run(a: Hpa): void {\n  const m = physical(M, a);\n  m.flags.on = 1;\n}\n",
    'volatileAccess',
    /reads the others first/,
  ],
  ['requires after a statement', inside('pause(); requires(x > 1);'), 'contractPlace', /at the start of a function/],
  ['ensures without a return', inside('ensures(x > 1);'), 'contractPlace', /directly before/],
  ['invariant outside a loop', inside('invariant(x > 1);'), 'contractPlace', /loop's body/],
  [
    'a function as an argument',
    'function f(): void {}\nexport function run(): void {\n  const g = f;\n}\n',
    'functionValue',
    /not a value/,
  ],
  [
    'a table entry kept',
    'function f(): void {}\nconst T = table(2, f, {});\nexport function run(): void {\n  const g = T.get(0);\n}\n',
    'functionValue',
    /not a value/,
  ],
  [
    'two entryPoints',
    'function f(): void {}\nexport const a = entryPoints({ a: f });\nexport const b = entryPoints({ b: f });\n',
    'duplicateName',
    /one entryPoints/,
  ],
  ['strings compared', inside("const isLess = 'a' < 'b';"), 'notComparable', /do not compare/],
  [
    'an address written to bytes as an integer',
    'export function run(b: Bytes, a: Gpa): void {\n  requires(b.length > 8);\n  b.setU64(0, a + 0n);\n}\n',
    'addressSpace',
    /Gpa is not u64/,
  ],
  ['null compared with an integer', inside('if (x === null) pause();'), 'notComparable', /never null/],
];

const program = REFUSED.map(([, code], index) => ({
  name: `m${index}`,
  code: code.replace(/'PAIR'/g, `'PAIR${index}'`),
}));
const { diagnostics } = transpileExamples(root, program);

REFUSED.forEach(([construct, , rule, words], index) => {
  t.test(`${construct} is refused`, (t) => {
    const found = diagnostics.filter(({ at, code }) => at.file === `m${index}.ts` && code !== 'TSV0001');
    t.same(
      found.map(({ code }) => code),
      [SUBSET[rule].code],
    );
    t.match(found[0]?.message, words);
    t.end();
  });
});
