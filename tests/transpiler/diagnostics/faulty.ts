/** Programs with faults, with the expected messages and fixes. */

export interface Faulty {
  /** The fault that the program shows. */
  readonly name: string;
  /** `NAME` stands for the module's. */
  readonly text: string;
  /** Texts that the diagnostics contain. */
  readonly says?: readonly RegExp[];
  /** All fixes for its first fault. */
  readonly fixes?: readonly string[];
}

const MEMORY = `const Q = struct('NAME', { size: 40 }, { count: at(0, U32), shift: at(4, I32), list: at(8, arr(U32, 8)) });
const q = instance(Q);
const T = list(U32, [1, 2, 3]);
`;

const IN_MEMORY: readonly Faulty[] = [
  {
    name: 'a step of a field',
    text: `${MEMORY}export function f(): void { q.count++; }\n`,
    fixes: [
      'memory keeps no facts, so keep it:  const count = q.count; if (count + 1 <= 0xffff_ffff) { q.count = count + 1; }',
      'where only the low bits count, write  q.count = u32(q.count + 1)',
    ],
  },
  {
    name: 'a compound assignment of a sum',
    text: `${MEMORY}export function f(n: u32): void { q.count += n & 0xff; }\n`,
    says: [/q\.count \+ \(n & 0xff\) may not fit/],
  },
  {
    name: 'an index from memory behind a guard of it',
    text: `${MEMORY}export function f(): u32 { return q.count < 8 ? q.list.get(q.count) : 0; }\n`,
    fixes: ['memory keeps no facts, so keep it:  const count = q.count; if (count < 8) { ... }'],
  },
  {
    name: 'an index from a call behind a guard of another call',
    text: `${MEMORY}function cur(): u32 { if (q.count > 9) q.count = 0; return q.count; }
export function f(): u32 { if (cur() < 3) return T.get(cur()); return 0; }\n`,
    fixes: ['the next call may return another value, so keep it:  const value = cur(); if (value < 3) { ... }'],
  },
  {
    name: 'a field whose name is taken',
    text: `${MEMORY}export function f(count: u32): u32 { return u32(count + q.list.get(q.count)); }\n`,
    fixes: ['memory keeps no facts, so keep it:  const countNow = q.count; if (countNow < 8) { ... }'],
  },
  {
    name: 'two fields in one index',
    text: `${MEMORY}export function f(): u32 { return q.list.get(q.count - q.list.get(0)); }\n`,
  },
  {
    name: 'an element set at an index from memory',
    text: `${MEMORY}export function f(n: u32): void { if (n > 4) q.list.set(q.count, n); }\n`,
  },
  { name: 'a divisor from memory', text: `${MEMORY}export function f(n: u32): u32 { return u32(n / q.count); }\n` },
];

const CONSTANTS: readonly Faulty[] = [
  {
    name: 'a constant too large for its type',
    text: 'export function f(): u8 { return 300; }\n',
    says: [/300 is above 255, the most that u8 holds/],
    fixes: [],
  },
  {
    name: 'a constant below its type',
    text: 'export function f(): u32 { const y: u32 = -1; return y; }\n',
    says: [/-1 is below 0, the least that u32 holds/],
    fixes: [],
  },
  {
    name: 'a named constant too large for its type',
    text: 'const LIMIT = 0x1_0000;\nexport function f(): u16 { return LIMIT; }\n',
    says: [/LIMIT, which is 0x1_0000, is above 65535, the most that u16 holds/],
    fixes: [],
  },
  {
    name: 'a constant shift count',
    text: 'export function f(x: u32): u32 { return u32(x << 33); }\n',
    says: [/the shift count 33 is not below 32/],
    fixes: [],
  },
  {
    name: 'a constant index',
    text: `${MEMORY}export function f(): u32 { return T.get(9); }\n`,
    says: [/9 is out of bounds/, /T has 3 values/],
    fixes: [],
  },
  {
    name: 'a constant divisor',
    text: 'const NONE = 0;\nexport function f(x: u32): u32 { return u32(x / NONE); }\n',
    says: [/the divisor NONE is 0/],
    fixes: [],
  },
  {
    name: 'a constant that is not what is required',
    text: 'function third(n: u32): u32 { requires(n < 3); return n; }\nexport function f(): u32 { return third(9); }\n',
    says: [/third requires n < 3, which does not hold/, /n is 9 in this call/],
  },
  {
    name: 'what is negative, though the guard looks at the largest',
    text: 'export function f(x: i16): u8 { return u32(x * x) < 9 ? x + 3 : 0; }\n',
    says: [/x \+ 3/],
  },
  {
    name: 'an index with a sign',
    text: `${MEMORY}export function f(i: i32): u32 { return T.get(i); }\n`,
    fixes: ['guard with  if (i >= 0 && i < 3) { ... }', 'or  requires(i >= 0 && i < 3), which each caller then proves'],
  },
];

const FLOW: readonly Faulty[] = [
  {
    name: 'the test of a loop',
    text: `${MEMORY}export function f(): u32 { let i: u32 = 0; while (T.get(i) !== 2) i = u32(i + 1); return i; }\n`,
    fixes: ['test before:  i < 3 && T.get(i) !== 2'],
  },
  {
    name: 'the update of a loop',
    text: 'export function f(n: u32): u32 { let k: u32 = 0; for (let i: u32 = n; i !== 7; i += 3) k = i; return k; }\n',
  },
  {
    name: 'a statement without braces',
    text: `${MEMORY}export function f(ok: boolean, i: u32): void { if (ok) q.list.set(i, 1); else q.list.set(i + 1, 2); }\n`,
  },
  {
    name: 'a statement of a case',
    text: `${MEMORY}export function f(i: u32): u32 { switch (i & 3) { case 0: return T.get(i); case 1: return 5; default: return i - 9; } }\n`,
  },
  {
    name: 'a counter',
    text: 'export function f(n: u64): u32 { let digits: u32 = 0; let v: u64 = n; while (v >= 10n) { v /= 10n; digits++; } return digits; }\n',
    fixes: [
      'guard with  if (digits + 1 <= 0xffff_ffff) { ... }',
      'where only the low bits count, write  digits = u32(digits + 1)',
    ],
  },
  {
    name: 'faults in each branch, each told',
    text: `${MEMORY}export function f(i: u32, j: u32): u32 { if (i === 7) return u32(i / j); else if (i > j) return T.get(i); return T.get(j); }\n`,
    says: [/divisor j may be 0[^]*guard with {2}if \(i < 3\)[^]*guard with {2}if \(j < 3\)/],
  },
];

const ARITHMETIC: readonly Faulty[] = [
  { name: 'a difference', text: 'export function f(a: u64, b: u64): u64 { return a - b; }\n' },
  { name: 'a difference of numbers', text: 'export function f(a: u32, b: u32): u32 { return a - b; }\n' },
  {
    name: 'a sum for a narrow type',
    text: 'export function f(a: u8, b: u8): u8 { const sum: u8 = a + b; return sum; }\n',
  },
  { name: 'an address past the last', text: 'export function f(a: Hpa): Hpa { return a + 4096n; }\n' },
  {
    name: 'a product above 2^53',
    text: 'export function f(a: u32, b: u32): u32 { return u32(a * b); }\n',
    fixes: ['guard both a and b with constants', 'where it shall wrap around, write  mul32(a, b)'],
  },
  {
    name: 'a bit operator kept in a u8',
    text: 'export function f(a: u32): u8 { return a | 1; }\n',
  },
  { name: 'a shift of what is too wide', text: 'export function f(a: u32): u32 { return u32(a >> 4); }\n' },
  { name: 'a shift of a bigint', text: 'export function f(a: u64, n: u64): u64 { return u64(a << n); }\n' },
  { name: 'signs that do not mix', text: 'export function f(a: i64, b: u64): boolean { return a < b; }\n' },
  { name: 'a divisor with a sign', text: 'export function f(a: i32, b: i32): i32 { return i32(a / b); }\n' },
  { name: 'a part of bytes', text: 'export function f(b: Bytes, o: u32, n: u32): Bytes { return b.part(o, n); }\n' },
  { name: 'a read at an offset', text: 'export function f(b: Bytes, o: u32): u32 { return b.u32(o + 4); }\n' },
  {
    name: 'a sum of an address and an integer',
    text: 'export function f(a: Gpa, n: u64): Gpa { return n + a; }\nexport function g(a: Gpa, n: u64): Gpa { return a + n * 8n; }\n',
    fixes: [
      'guard with  if (n <= 0xffff_ffff_ffff_ffffn - u64(a)) { ... }',
      'where it shall wrap around, write  gpa(n + a)',
    ],
  },
  {
    name: 'a difference of an address and an integer',
    text: 'export function f(a: Gpa, n: u64): Gpa { return a - n; }\n',
    fixes: ['guard with  if (u64(a) >= n) { ... }', 'where it shall wrap around, write  gpa(a - n)'],
  },
  {
    name: 'an argument that does not fit',
    text: 'function g(n: u8): u8 { return n; }\nexport function f(n: u32): u8 { return g(n); }\n',
  },
  {
    name: 'operators of low precedence in what is known',
    text: 'export function f(w: u32, i: u32): u32 { return w | (1 << (i & 15)); }\n',
    says: [/w <= \(w \| \(1 << \(i & 15\)\)\)/],
  },
];

const TYPES: readonly Faulty[] = [
  {
    name: 'an integer where a member of an enum is wanted',
    text: `const Event = { start: 0, stop: 9 } as const;
type Event = (typeof Event)[keyof typeof Event];
export function f(n: u32): Event { return n; }\n`,
    says: [/n may be none of the enum's values \(0 to 9\)[^]*choose a member of the enum for each value with a switch/],
  },
  {
    name: 'a let that counts down below 0',
    text: 'export function f(): void { for (let shift = 28; shift >= 0; shift -= 4) pause(); }\n',
    fixes: ['write let shift: u32 = ...', 'write let shift: i32 = ... where it may be below 0'],
  },
  {
    name: 'a let of a bigint',
    text: 'export function f(): u64 { let sum = 5n; sum += 1n; return sum; }\n',
    fixes: ['write let sum: u64 = ...', 'write let sum: i64 = ... where it may be below 0'],
  },
  {
    name: 'a let of an address',
    text: 'export function f(a: Hpa): Hpa { let next = a; next = hpa(0n); return next; }\n',
    fixes: ['write let next: Hpa = ...'],
  },
];

export const FAULTY: readonly Faulty[] = [...TYPES, ...IN_MEMORY, ...CONSTANTS, ...FLOW, ...ARITHMETIC];
