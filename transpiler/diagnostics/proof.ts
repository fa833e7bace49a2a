/** The codes of what the prover refuses. */
import type { CodeDescription } from './codeDescription.js';

export const PROOF = {
  inexact: {
    code: 'TSV2001',
    title: 'the result of an operator may not fit',
    explanation:
      'JavaScript computes bigints without a limit and numbers exactly up to 2^53; C computes in at most 64 bits. ' +
      'Both agree where the result of each operator is proved to fit. Wrap-around is written with a cast.',
    bad: 'function end(start: u64, bytes: u64): u64 {\n  return start + bytes;\n}',
    good: 'function end(start: u64, bytes: u64): u64 {\n  return addSat64(start, bytes);\n}',
  },
  doesNotFit: {
    code: 'TSV2002',
    title: 'a value may not fit where it is kept',
    explanation: 'A variable, parameter, field or result of a type holds only the values of that type.',
    bad: 'function next(index: u8): u8 {\n  return index + 1;\n}',
    good: 'function next(index: u8): u8 {\n  return u8(index + 1);\n}',
  },
  signBit: {
    code: 'TSV2003',
    title: 'a bit operation on numbers may reach the sign bit',
    explanation:
      'Bit operators turn a JavaScript number into 32 bits with a sign: `0x80000000 | 1` is negative. ' +
      'They stand alone only where operands and result are proved to stay clear of bit 31. Directly inside `u32(...)` ' +
      'all of them but `>>` work on all 32 bits; write `>>>` for a shift to the right.',
    bad: 'function flags(x: u32): u32 {\n  return x | 1;\n}',
    good: 'function flags(x: u32): u32 {\n  return u32(x | 1);\n}',
  },
  shiftCount: {
    code: 'TSV2004',
    title: 'a shift count may not be below the width',
    explanation:
      'A count is proved below 32 for numbers and below 64 for bigints; beyond that JavaScript and C differ.',
    bad: 'function bit(n: u32): u32 {\n  return u32(1 << n);\n}',
    good: 'function bit(n: u32): u32 {\n  return u32(1 << (n & 31));\n}',
  },
  divisor: {
    code: 'TSV2005',
    title: 'a divisor may be 0',
    explanation: 'The divisor of `/` and `%` is proved not to be 0.',
    bad: 'function share(total: u32, parts: u32): u32 {\n  return u32(total / parts);\n}',
    good: 'function share(total: u32, parts: u32): u32 {\n  return parts === 0 ? 0 : u32(total / parts);\n}',
  },
  mixedSigns: {
    code: 'TSV2006',
    title: 'no C type holds both operands',
    explanation:
      'Comparison, `/`, `%` and the alternatives of `?:` need one type for both operands. No type of C has both negative ' +
      'values and values above 2^63.',
    bad: 'function isBelow(a: u64, b: i64): boolean {\n  return a < b;\n}',
    good: 'function isBelow(a: u64, b: i64): boolean {\n  return b > 0n && a < u64(b);\n}',
  },
  fraction: {
    code: 'TSV2007',
    title: 'a quotient of numbers may be a fraction',
    explanation:
      'JavaScript divides numbers with a fraction. `/` on numbers stands directly inside `u32(...)`, which truncates.',
    bad: 'function half(x: u32): u32 {\n  return x / 2;\n}',
    good: 'function half(x: u32): u32 {\n  return u32(x / 2);\n}',
  },
  bytesRead: {
    code: 'TSV2101',
    title: 'a read may be outside the bytes',
    explanation: 'The offset and the bytes read there are proved to lie inside the window.',
    bad: 'function first(bytes: Bytes): u32 {\n  return bytes.u32(0);\n}',
    good: 'function first(bytes: Bytes): u32 {\n  return bytes.length < 4 ? 0 : bytes.u32(0);\n}',
  },
  bytesWrite: {
    code: 'TSV2102',
    title: 'a write may be outside the bytes',
    explanation: 'The offset and the bytes written there are proved to lie inside the window.',
    bad: 'function clear(bytes: Bytes): void {\n  bytes.setU8(0, 0);\n}',
    good: 'function clear(bytes: Bytes): void {\n  if (bytes.length > 0) bytes.setU8(0, 0);\n}',
  },
  bytesPart: {
    code: 'TSV2103',
    title: 'a part may reach outside the bytes',
    explanation: 'The offset and the length of a part are proved to lie inside the window together.',
    bad: 'function body(bytes: Bytes): Bytes {\n  return bytes.part(8, bytes.length - 8);\n}',
    good: 'function body(bytes: Bytes): Bytes {\n  requires(bytes.length >= 8);\n  return bytes.part(8, bytes.length - 8);\n}',
  },
  index: {
    code: 'TSV2104',
    title: 'an index may be out of bounds',
    explanation: 'The index of an array, list or function table is proved to be below its length.',
    bad: 'function entry(i: u32): u32 {\n  return SQUARES.get(i);\n}\nconst SQUARES = list(U32, [0, 1, 4, 9]);',
    good: 'function entry(i: u32): u32 {\n  return i < SQUARES.length ? SQUARES.get(i) : 0;\n}\nconst SQUARES = list(U32, [0, 1, 4, 9]);',
  },
  character: {
    code: 'TSV2105',
    title: 'a character may be outside the string',
    explanation: 'The index of `charCodeAt` is proved to be below the length of the string.',
    bad: 'function first(text: string): u32 {\n  return text.charCodeAt(0);\n}',
    good: 'function first(text: string): u32 {\n  return text.length === 0 ? 0 : text.charCodeAt(0);\n}',
  },
  requires: {
    code: 'TSV2201',
    title: 'what a called function requires may not hold',
    explanation: 'Each caller proves what the function `requires`.',
    bad: 'function third(n: u32): u32 {\n  requires(n < 4);\n  return n;\n}\nfunction use(n: u32): u32 {\n  return third(n);\n}',
    good: 'function third(n: u32): u32 {\n  requires(n < 4);\n  return n;\n}\nfunction use(n: u32): u32 {\n  return third(n & 3);\n}',
  },
  ensures: {
    code: 'TSV2202',
    title: 'what a function ensures may not hold',
    explanation: 'What a function `ensures` is proved at each of its returns.',
    bad: 'function clamp(n: u32): u32 {\n  const result = n;\n  ensures(result < 8);\n  return result;\n}',
    good: 'function clamp(n: u32): u32 {\n  const result = min32(n, 7);\n  ensures(result < 8);\n  return result;\n}',
  },
  invariantAtStart: {
    code: 'TSV2203',
    title: 'an invariant may not hold when its loop starts',
    explanation: 'An `invariant` is proved for the first time that the body of the loop starts.',
    bad: 'function run(n: u32): void {\n  for (let i: u32 = n; i < 8; i++) {\n    invariant(i >= 4);\n  }\n}',
    good: 'function run(n: u32): void {\n  for (let i: u32 = n; i < 8; i++) {\n    invariant(i >= n);\n  }\n}',
  },
  invariantKept: {
    code: 'TSV2204',
    title: 'an invariant may not be kept by its loop',
    explanation: 'An `invariant` is proved for each next time that the body starts, from what held the time before.',
    bad: 'function run(n: u32): void {\n  for (let i: u32 = 0; i < n; i++) {\n    invariant(i < 1);\n  }\n}',
    good: 'function run(n: u32): void {\n  for (let i: u32 = 0; i < n; i++) {\n    invariant(i < n);\n  }\n}',
  },
  reachable: {
    code: 'TSV2205',
    title: 'unreachable() may be reached',
    explanation:
      '`unreachable` stands where no value of an enum is left: in the `default` of a `switch` that names all that are not excluded before.',
    bad: 'type Mode = (typeof Mode)[keyof typeof Mode];\nconst Mode = { off: 0, on: 1, broken: 2 } as const;\nfunction check(mode: Mode, isReset: boolean): void {\n  if (isReset) mode = Mode.off;\n  else if (mode === Mode.on) return;\n  if (mode === Mode.off || mode === Mode.broken) return;\n  unreachable(mode);\n}',
    good: 'type Mode = (typeof Mode)[keyof typeof Mode];\nconst Mode = { off: 0, on: 1 } as const;\nfunction isOn(mode: Mode): boolean {\n  switch (mode) {\n    case Mode.off:\n      return false;\n    case Mode.on:\n      return true;\n    default:\n      return unreachable(mode);\n  }\n}',
  },
  ensuresMissing: {
    code: 'TSV2206',
    title: 'a return does not ensure what another one does',
    explanation:
      'Callers rely on `ensures` whichever way the function returns, so each return ensures the same of what it returns and ' +
      'of the parameters.',
    bad: 'function clamp(n: u32): u32 {\n  if (n < 8) return n;\n  const result: u32 = 7;\n  ensures(result < 8);\n  return result;\n}',
    good: 'function clamp(n: u32): u32 {\n  const result = n < 8 ? n : 7;\n  ensures(result < 8);\n  return result;\n}',
  },
  ensuresTerms: {
    code: 'TSV2207',
    title: 'an ensures speaks of what no caller knows',
    explanation:
      'What a function `ensures` says something of its result and of what was passed. A local variable, or a parameter that ' +
      'the function has given another value, means nothing to a caller.',
    bad: 'function half(n: u32): u32 {\n  const result = u32(n / 2);\n  n = 0xffff_ffff;\n  ensures(result <= n);\n  return result;\n}',
    good: 'function half(n: u32): u32 {\n  const result = u32(n / 2);\n  ensures(result <= n);\n  return result;\n}',
  },
} as const satisfies Record<string, CodeDescription>;
