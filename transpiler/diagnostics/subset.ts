/** The codes of what is TypeScript but not the language. */
import type { CodeDescription } from './codeDescription.js';

export const SUBSET = {
  type: {
    code: 'TSV1001',
    title: 'not a type of the language',
    explanation:
      'Values are integers of a declared width, booleans, strings, enums, references to layouts, and Bytes; references ' +
      'and Bytes may be null.',
    bad: 'export function twice(x: number): u32 {\n  return u32(x + x);\n}',
    good: 'export function twice(x: u32): u32 {\n  return u32(x + x);\n}',
  },
  assertion: {
    code: 'TSV1002',
    title: 'an assertion that nothing checks',
    explanation:
      '`as`, `satisfies`, `!` and results such as `x is T` or `asserts x` change what TypeScript believes, not what is true. Casts ' +
      'such as `u8(x)` convert, comparisons narrow. Only `as const` behind the object of an enum is allowed.',
    bad: 'export function low(x: u32): u8 {\n  return x as u8;\n}',
    good: 'export function low(x: u32): u8 {\n  return u8(x);\n}',
  },
  looseEquality: {
    code: 'TSV1003',
    title: 'an equality that converts',
    explanation: '`==` and `!=` convert their operands first. The language has `===` and `!==`.',
    bad: 'export function isZero(x: u32): boolean {\n  return x == 0;\n}',
    good: 'export function isZero(x: u32): boolean {\n  return x === 0;\n}',
  },
  truthiness: {
    code: 'TSV1004',
    title: 'a condition that is not boolean',
    explanation: 'Conditions, and the operands of `&&`, `||` and `!`, are boolean.',
    bad: 'export function isSet(flags: u32): boolean {\n  if (flags) return true;\n  return false;\n}',
    good: 'export function isSet(flags: u32): boolean {\n  if (flags !== 0) return true;\n  return false;\n}',
  },
  functionForm: {
    code: 'TSV1005',
    title: 'a function or declaration in a form the language lacks',
    explanation:
      'Functions are declared by name at the top level of a module, so that they capture nothing. There are no classes, ' +
      'generics, generators or asynchronous functions.',
    bad: 'export function run(): u32 {\n  const next = (x: u32): u32 => u32(x + 1);\n  return next(1);\n}',
    good: 'export function run(): u32 {\n  return next(1);\n}\nfunction next(x: u32): u32 {\n  return u32(x + 1);\n}',
  },
  moduleVariable: {
    code: 'TSV1006',
    title: 'a variable at the top level of a module',
    explanation:
      'State that lives longer than a call is in an `instance` of a layout: its place in memory is known, and a test can ' +
      'reset it.',
    bad: 'let count: u32 = 0;\nexport function next(): u32 {\n  count = u32(count + 1);\n  return count;\n}',
    good:
      "const Counter = struct('Counter', { size: 4 }, { value: at(0, U32) });\nconst counter = instance(Counter);\n" +
      'export function next(): u32 {\n  counter.value = u32(counter.value + 1);\n  return counter.value;\n}',
  },
  declarationForm: {
    code: 'TSV1007',
    title: 'a top-level declaration in a form the language lacks',
    explanation:
      'The top level of a module holds constants, enums, layouts, instances, lists, tables, intrinsics, entry points, ' +
      'types and functions, each written as one literal.',
    bad: 'const SIZES = list(U32, []);\nexport function count(): u32 {\n  return SIZES.length;\n}',
    good: 'const SIZES = list(U32, [1, 2]);\nexport function count(): u32 {\n  return SIZES.length;\n}',
  },
  statement: {
    code: 'TSV1008',
    title: 'a statement the language lacks',
    explanation:
      'The statements are declarations with const and let, assignments, calls, if, for (;;), while, switch, break, ' +
      'continue and return.',
    bad: 'export function drain(n: u32): void {\n  let left: u32 = n;\n  do {\n    left = u32(left - 1);\n  } while (left > 0);\n}',
    good: 'export function drain(n: u32): void {\n  let left: u32 = n;\n  while (left > 0) {\n    left -= 1;\n  }\n}',
  },
  expression: {
    code: 'TSV1009',
    title: 'an expression the language lacks',
    explanation:
      'Nothing is made at run time: no objects, arrays or strings. What is left are the operators on integers and ' +
      'booleans, calls, and accesses to memory.',
    bad: 'export function show(x: u32): string {\n  return `number ${x}`;\n}',
    good: "export function show(x: u32): string {\n  return x === 0 ? 'none' : 'some';\n}",
  },
  parameterForm: {
    code: 'TSV1010',
    title: 'a parameter in a form the language lacks',
    explanation: 'A parameter is a name and a type. It is never optional, has no default, and gathers no others.',
    bad: 'export function next(x: u32, step: u32 = 1): u32 {\n  return u32(x + step);\n}',
    good: 'export function next(x: u32, step: u32): u32 {\n  return u32(x + step);\n}',
  },
  annotation: {
    code: 'TSV1011',
    title: 'a type that has to be written is missing',
    explanation:
      'Parameters, results and integer lets say their type: TypeScript would infer `number`, which has no width. A const ' +
      'takes the type of its value, where that has one.',
    bad: 'export function count(): u32 {\n  let n = 0;\n  n += 1;\n  return n;\n}',
    good: 'export function count(): u32 {\n  let n: u32 = 0;\n  n += 1;\n  return n;\n}',
  },
  switchForm: {
    code: 'TSV1012',
    title: 'a switch in a form the language lacks',
    explanation:
      'A switch is over an integer; its cases are different constants, and each ends with break, return or continue, ' +
      'except that several cases may share one body.',
    bad:
      'export function name(x: u32): u32 {\n  switch (x) {\n    case 1:\n      return 1;\n    case 1:\n      return 2;\n' +
      '    default:\n      return 3;\n  }\n}',
    good:
      'export function name(x: u32): u32 {\n  switch (x) {\n    case 1:\n    case 2:\n      return 1;\n    default:\n' +
      '      return 2;\n  }\n}',
  },
  assignmentForm: {
    code: 'TSV1013',
    title: 'an assignment in a form the language lacks',
    explanation:
      'An assignment is a statement and has no value. It writes variables, scalar fields and bit fields; elements are ' +
      'written with `set`.',
    bad: 'export function copy(x: u32): u32 {\n  let a: u32 = 0;\n  const b = (a = x);\n  return b;\n}',
    good: 'export function copy(x: u32): u32 {\n  let a: u32 = 0;\n  a = x;\n  return a;\n}',
  },
  foreignImport: {
    code: 'TSV1014',
    title: 'an import from outside',
    explanation: 'A program is the files of its folder and transpiler/lib. Nothing else exists on the bare machine.',
    bad: "import { cType } from '../../transpiler/emit/types.js';\nexport function run(): void {\n  pause();\n}",
    good: 'export function run(): void {\n  pause();\n}',
  },
  foreignName: {
    code: 'TSV1015',
    title: 'a name from outside',
    explanation:
      "JavaScript's own objects, such as Math and JSON, and their methods are not there on the bare machine.",
    bad: 'export function least(a: u32, b: u32): u32 {\n  return Math.min(a, b);\n}',
    good: 'export function least(a: u32, b: u32): u32 {\n  return min32(a, b);\n}',
  },
  layoutForm: {
    code: 'TSV1016',
    title: 'a layout that does not add up',
    explanation:
      'Fields lie inside the size of their struct and do not overlap; bit fields lie inside their integer; arrays have at ' +
      'least one element; an alignment is a power of two up to 4096.',
    bad:
      "const Pair = struct('Pair', { size: 8 }, { low: at(0, U32), high: at(2, U32) });\nconst pair = instance(Pair);\n" +
      'export function low(): u32 {\n  return pair.low;\n}',
    good:
      "const Pair = struct('Pair', { size: 8 }, { low: at(0, U32), high: at(4, U32) });\nconst pair = instance(Pair);\n" +
      'export function low(): u32 {\n  return pair.low;\n}',
  },
  constantValue: {
    code: 'TSV1017',
    title: 'a constant that has no value at build, or not the one it seems to have',
    explanation:
      "Constants are computed by the transpiler, and once more by gcc. JavaScript's bit operators on numbers give 32 bits " +
      'with a sign: `1 << 31` is negative. A cast says what is meant.',
    bad: 'const HIGH = 1 << 31;\nexport function high(): u32 {\n  return u32(HIGH);\n}',
    good: 'const HIGH = u32(1 << 31);\nexport function high(): u32 {\n  return HIGH;\n}',
  },
  addressSpace: {
    code: 'TSV1018',
    title: 'integers of different kinds are mixed',
    explanation:
      'Guest-physical, host-physical and virtual addresses are kept apart from each other and from plain integers. An ' +
      'address and an offset give an address, two addresses of one space a distance. `gpa`, `hpa`, `gva`, `hva` and ' +
      '`u64` convert.',
    bad: 'export function same(a: Gpa, b: Hpa): boolean {\n  return a - 0n === b - 0n;\n}',
    good: 'export function same(a: Gpa, b: Hpa): boolean {\n  return u64(a) === u64(b);\n}',
  },
  localEscapes: {
    code: 'TSV1019',
    title: 'a local outlives its block',
    explanation:
      'A `local`, and the struct that an intrinsic returns, live on the stack. References to them may be passed down and ' +
      'kept in a const; they are never returned or assigned, and have no machine address.',
    bad:
      "const Cell = struct('Cell', { size: 8 }, { low: at(0, U32) });\ntype Cell = Ref<typeof Cell>;\n" +
      'export function make(): Cell {\n  const cell = local(Cell);\n  return cell;\n}',
    good:
      "const Cell = struct('Cell', { size: 8 }, { low: at(0, U32) });\n" +
      'export function make(): u32 {\n  const cell = local(Cell);\n  return cell.low;\n}',
  },
  volatileAccess: {
    code: 'TSV1020',
    title: 'volatile memory is read and written at once',
    explanation:
      'Each access to a volatile layout is one load or one store. `+=` and writes of a bit field are both, and what ' +
      'happens between the two would be lost.',
    bad:
      "const Uart = struct('Uart', { size: 8, volatile: true }, { control: at(4, U32) });\n" +
      'export function enable(at: Hpa): void {\n  const uart = physical(Uart, at);\n  uart.control += 1;\n}',
    good:
      "const Uart = struct('Uart', { size: 8, volatile: true }, { control: at(4, U32) });\n" +
      'export function enable(at: Hpa): void {\n  const uart = physical(Uart, at);\n  const before = uart.control;\n' +
      '  uart.control = u32(before + 1);\n}',
  },
  volatileReference: {
    code: 'TSV1021',
    title: 'a part of volatile memory is kept as if it were not',
    explanation:
      'An array or bit field inside a volatile struct is reached through the struct each time: a reference to the part ' +
      'alone would not know that it is volatile.',
    bad:
      "const Ring = struct('Ring', { size: 8, volatile: true }, { slots: at(0, arr(U32, 2)) });\n" +
      'export function first(at: Hpa): u32 {\n  const slots = physical(Ring, at).slots;\n  return slots.get(0);\n}',
    good:
      "const Ring = struct('Ring', { size: 8, volatile: true }, { slots: at(0, arr(U32, 2)) });\n" +
      'export function first(at: Hpa): u32 {\n  const ring = physical(Ring, at);\n  return ring.slots.get(0);\n}',
  },
  contractPlace: {
    code: 'TSV1022',
    title: 'a contract out of place',
    explanation:
      '`requires` and `effects` start a function, `ensures` stands directly before `return name;`, `invariant` starts ' +
      'the body of a loop, `unreachable` is a statement.',
    bad: 'export function half(x: u32): u32 {\n  const y = u32(x / 2);\n  requires(x > 0);\n  return y;\n}',
    good: 'export function half(x: u32): u32 {\n  requires(x > 0);\n  return u32(x / 2);\n}',
  },
  structResult: {
    code: 'TSV1023',
    title: 'a struct by value is not kept in a const',
    explanation: 'The struct that an intrinsic returns initializes a const, or one of its fields is read at once.',
    bad:
      'export function features(): u32 {\n  return pick(cpuid(1, 0));\n}\n' +
      'function pick(seen: CpuidResult): u32 {\n  return seen.ecx;\n}',
    good:
      'export function features(): u32 {\n  const seen = cpuid(1, 0);\n  return pick(seen);\n}\n' +
      'function pick(seen: CpuidResult): u32 {\n  return seen.ecx;\n}',
  },
  duplicateName: {
    code: 'TSV1024',
    title: 'a name stands for two things',
    explanation:
      "The names of structs are unique in a program, since C's are; so are the symbols of entry points, of which there is " +
      'one literal.',
    bad:
      "const A = struct('Long', { size: 8 }, { low: at(0, U32) });\nconst B = struct('Long', { size: 4 }, { low: at(0, U32) });\n" +
      'export function size(): u32 {\n  return A.bytes + B.bytes;\n}',
    good:
      "const A = struct('Long', { size: 8 }, { low: at(0, U32) });\nconst B = struct('Short', { size: 4 }, { low: at(0, U32) });\n" +
      'export function size(): u32 {\n  return A.bytes + B.bytes;\n}',
  },
  functionValue: {
    code: 'TSV1025',
    title: 'a function where a value stands, or the reverse',
    explanation:
      'Functions are called by name, or through a constant table: `handlers.get(index)(argument)`. So the call graph is ' +
      'known, and with it the depth of the stack.',
    bad: 'export function run(): void {\n  const action = stop;\n  action();\n}\nfunction stop(): void {\n  pause();\n}',
    good: 'export function run(): void {\n  stop();\n}\nfunction stop(): void {\n  pause();\n}',
  },
  notAscii: {
    code: 'TSV1026',
    title: 'a string that is not ASCII',
    explanation: 'A character is one byte, as consoles and firmware tables expect.',
    bad: "export function arrow(): string {\n  return '\u2192';\n}",
    good: "export function arrow(): string {\n  return '->';\n}",
  },
  effectfulTarget: {
    code: 'TSV1027',
    title: 'a compound assignment would call a function twice',
    explanation: '`x += y` reads and writes x. What leads to x is evaluated for both, so it calls no function.',
    bad:
      "const Half = struct('Half', { size: 4 }, { low: at(0, U16) });\n" +
      'function halfAt(at: Hpa): Ref<typeof Half> {\n  return physical(Half, at);\n}\n' +
      'export function bump(at: Hpa): void {\n  halfAt(at).low &= 1;\n}',
    good:
      "const Half = struct('Half', { size: 4 }, { low: at(0, U16) });\n" +
      'function halfAt(at: Hpa): Ref<typeof Half> {\n  return physical(Half, at);\n}\n' +
      'export function bump(at: Hpa): void {\n  const half = halfAt(at);\n  half.low &= 1;\n}',
  },
  notComparable: {
    code: 'TSV1028',
    title: 'a comparison that has no meaning',
    explanation:
      'Integers compare with integers, booleans with booleans, references and Bytes with null only. Strings do not ' +
      'compare.',
    bad: "export function isStop(word: string): boolean {\n  return word === 'stop';\n}",
    good: 'export function isStop(word: string): boolean {\n  return word.length === 4 && word.charCodeAt(0) === 0x73;\n}',
  },
  intrinsicForm: {
    code: 'TSV1029',
    title: 'an intrinsic is not declared as a literal',
    explanation: 'The transpiler reads the declaration: names, types and effects stand in it as literals.',
    bad:
      "const NAME = 'x86_beep';\n" +
      "export const { beep } = intrinsics({\n  beep: { parameters: [], result: 'void', effects: [], c: NAME, about: '' },\n});\n" +
      'export function run(): void {\n  beep();\n}',
    good:
      "export const { beep } = intrinsics({\n  beep: { parameters: [], result: 'void', effects: ['port'], c: 'x86_beep', about: '' },\n});\n" +
      'export function run(): void {\n  beep();\n}',
  },
  tableSignature: {
    code: 'TSV1030',
    title: 'a table of functions with different parameters',
    explanation:
      'TypeScript lets a function with fewer parameters stand for one with more. In C all functions of a table have the ' +
      'same parameters and result.',
    bad:
      'type Handler = (x: u32) => u32;\nfunction same(x: u32): u32 {\n  return x;\n}\nfunction one(): u32 {\n  return 1;\n}\n' +
      'const handlers = table<Handler>(2, same, { 1: one });\nexport function run(x: u32): u32 {\n  return handlers.get(x & 1)(x);\n}',
    good:
      'type Handler = (x: u32) => u32;\nfunction same(x: u32): u32 {\n  return x;\n}\nfunction one(x: u32): u32 {\n  return x === 0 ? 1 : 1;\n}\n' +
      'const handlers = table<Handler>(2, same, { 1: one });\nexport function run(x: u32): u32 {\n  return handlers.get(x & 1)(x);\n}',
  },
  otherLayout: {
    code: 'TSV1031',
    title: 'a reference to memory of another layout',
    explanation:
      'References are told apart by their layout, not by the shape that TypeScript compares: two bit fields of one name may be ' +
      'at different bits, two arrays of different lengths.',
    bad:
      'const Low = bits(U32, { kind: [0, 3] });\nconst High = bits(U32, { kind: [4, 7] });\n' +
      "const Word = struct('Word', { size: 4 }, { flags: at(0, Low) });\nconst word = instance(Word);\n" +
      'function kindOf(flags: Ref<typeof High>): u32 {\n  return flags.kind;\n}\n' +
      'export function run(): u32 {\n  return kindOf(word.flags);\n}',
    good:
      'const Low = bits(U32, { kind: [0, 3] });\n' +
      "const Word = struct('Word', { size: 4 }, { flags: at(0, Low) });\nconst word = instance(Word);\n" +
      'function kindOf(flags: Ref<typeof Low>): u32 {\n  return flags.kind;\n}\n' +
      'export function run(): u32 {\n  return kindOf(word.flags);\n}',
  },
  contractEffect: {
    code: 'TSV1032',
    title: 'a contract that does something',
    explanation:
      'Contracts run in Node and vanish from the C. So that both do the same, a contract only looks: it calls nothing that writes ' +
      'memory or calls an intrinsic, and reads neither volatile memory nor a window.',
    bad:
      "const Count = struct('Count', { size: 4 }, { value: at(0, U32) });\nconst count = instance(Count);\n" +
      'function next(): u32 {\n  count.value = u32(count.value + 1);\n  return count.value;\n}\n' +
      'export function run(): void {\n  requires(next() > 0);\n}',
    good:
      "const Count = struct('Count', { size: 4 }, { value: at(0, U32) });\nconst count = instance(Count);\n" +
      'function isZero(x: u32): boolean {\n  return x === 0;\n}\n' +
      'export function run(x: u32): void {\n  requires(isZero(x));\n  count.value = x;\n}',
  },
  typeSwitch: {
    code: 'TSV1033',
    title: "TypeScript's checks are switched off",
    explanation:
      'The transpiler relies on TypeScript for null, for members of enums and for variables that are assigned before they are ' +
      'read. So no comment may switch its checks off, and tsconfig.json leaves all of `strict` on.',
    bad: 'export function run(x: u32): u32 {\n  // @ts-ignore\n  return x;\n}',
    good: 'export function run(x: u32): u32 {\n  return x;\n}',
  },
  cName: {
    code: 'TSV1034',
    title: 'a name that C does not take',
    explanation:
      'Each declaration is called by its file and its name in C: `count` of ring.ts is `ring_count`. That must be a name of C, which ' +
      'neither its headers nor the prelude have, and not end in `_`.',
    bad: 'export function next_(x: u32): u32 {\n  return u32(x + 1);\n}',
    good: 'export function next(x: u32): u32 {\n  return u32(x + 1);\n}',
  },
  importCircle: {
    code: 'TSV1035',
    title: 'a constant needs a file that needs this one',
    explanation:
      'Where files import each other in a circle, JavaScript makes the constants of one before the others are there, and fails. ' +
      'Functions may call each other across a circle; a constant, layout or instance is made of what stands outside of it.',
    bad: "import { late as imported } from './TSV1035.js';\nexport const early = imported + 1;\nexport const late = 1;",
    good: 'export const late = 1;\nexport const early = late + 1;',
  },
  endlessTest: {
    code: 'TSV1036',
    title: 'a loop whose condition is always true',
    explanation: 'An unsigned number is 0 or more at all times, so a loop that waits for it to be less never ends.',
    bad: 'export function down(n: u32): u32 {\n  let sum: u32 = 0;\n  for (let i: u32 = n; i >= 0; i = u32(i - 1)) sum = u32(sum + i);\n  return sum;\n}',
    good: 'export function down(n: u32): u32 {\n  let sum: u32 = 0;\n  for (let i: u32 = n; i > 0; i--) sum = u32(sum + i);\n  return sum;\n}',
  },
} as const satisfies Record<string, CodeDescription>;
