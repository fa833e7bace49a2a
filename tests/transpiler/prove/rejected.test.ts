/** What the prover must not accept. */
import t from 'tap';
import { PROOF } from '../../../transpiler/diagnostics/proof.js';
import { checkCases, proveModules } from './support.js';

t.test('each code', (t) => {
  const codes = Object.entries(PROOF);
  const exported = (text: string): string => text.replaceAll(/^function/gm, 'export function');
  const modules = codes.flatMap(([name, { bad, good }]) => [
    [`${name}_bad`, exported(bad)],
    [`${name}_good`, exported(good)],
  ]);
  const { diagnostics } = proveModules(Object.fromEntries(modules) as Record<string, string>);
  for (const [name, { code }] of codes) {
    const of = (file: string): readonly string[] =>
      diagnostics.filter(({ at }) => at.file.endsWith(`/${file}.ts`)).map((diagnostic) => diagnostic.code);
    t.same(of(`${name}_bad`), [code], `${code} is what its bad example gets`);
    t.same(of(`${name}_good`), [], `${code} is not what its good example gets`);
  }
  t.end();
});

t.test('arithmetic', (t) => {
  const { inexact, doesNotFit, signBit, shiftCount, divisor, mixedSigns } = PROOF;
  checkCases(t, [
    {
      name: 'a difference that may be negative',
      text: 'export function f(a: u64, b: u64): u64 { return a - b; }',
      codes: [inexact.code],
    },
    {
      name: 'a guard the wrong way round',
      text: 'export function f(a: u64, b: u64): u64 { return a < b ? a - b : 0n; }',
      codes: [inexact.code],
    },
    {
      name: 'a guard that is off by one',
      text: 'export function f(a: u32, b: u32): u32 { return a + 1 >= b ? a - b : 0; }',
      codes: [doesNotFit.code],
    },
    {
      name: 'a product above 2^53',
      text: 'export function f(a: u32, b: u32): u32 { return u32(a * b); }',
      codes: [inexact.code],
    },
    {
      name: 'a shift to the right of a sign bit',
      text: 'export function f(a: u32): u32 { return u32(a >> 4); }',
      codes: [signBit.code],
    },
    {
      name: 'a bit operator that reaches the sign',
      text: 'export function f(a: u32, b: u32): u32 { return a & b; }',
      codes: [signBit.code],
    },
    {
      name: 'bits above 32',
      text: 'export function f(a: u32, b: u32): u32 { return (a + b) & 0xff; }',
      codes: [signBit.code],
    },
    {
      name: 'a shift by the width',
      text: 'export function f(n: u64): u64 { return n <= 64n ? u64(1n << n) : 0n; }',
      codes: [shiftCount.code],
    },
    {
      name: 'a divisor from memory',
      text: "const B = struct('B', { size: 4 }, { n: at(0, U32) });\nconst b = instance(B);\nexport function f(a: u32): u32 { return b.n !== 0 ? a % b.n : 0; }",
      codes: [divisor.code],
    },
    {
      name: 'the least i64 divided by -1',
      text: 'export function f(a: i64): u64 { return a < 0n ? a / -1n : 0n; }',
      codes: [inexact.code],
    },
    {
      name: 'a negative value beside a large one',
      text: 'export function f(a: i64, b: u64): boolean { return a < b; }',
      codes: [mixedSigns.code],
    },
    {
      name: 'a number that is not narrow enough',
      text: 'function g(n: u8): u8 { return n; }\nexport function f(n: u8): u8 { return g(n + 1); }',
      codes: [doesNotFit.code],
    },
    {
      name: 'a bit field that is too narrow',
      text: "const E = bits(U32, { low: [0, 3] });\nconst B = struct('B', { size: 4 }, { e: at(0, E) });\nconst b = instance(B);\nexport function f(n: u32): void { b.e.low = n & 31; }",
      codes: [doesNotFit.code],
    },
    {
      name: 'an address past the last',
      text: 'export function f(a: Hpa): Hpa { return a + 4096n; }',
      codes: [inexact.code],
    },
  ]);
  t.end();
});

t.test('memory and loops', (t) => {
  const { bytesRead, index, bytesPart, doesNotFit, character } = PROOF;
  const list = 'const T = list(U32, [1, 2, 3]);\n';
  checkCases(t, [
    {
      name: 'a read one byte past the end',
      text: 'export function f(b: Bytes): u32 { return b.length >= 7 ? b.u32(4) : 0; }',
      codes: [bytesRead.code],
    },
    {
      name: 'a guard whose sum is not exact enough',
      text: 'export function f(b: Bytes, o: u32): u32 { return u32(o + 4) <= b.length ? b.u32(o) : 0; }',
      codes: [bytesRead.code],
    },
    {
      name: 'the length of another window',
      text: 'export function f(a: Bytes, b: Bytes): u8 { return a.length > 4 ? b.u8(4) : 0; }',
      codes: [bytesRead.code],
    },
    {
      name: 'a part of a part',
      text: 'export function f(b: Bytes): Bytes { requires(b.length >= 8); const p = b.part(4, 4); return p.part(2, 4); }',
      codes: [bytesPart.code],
    },
    {
      name: 'one time too many',
      text: `${list}export function f(): void { for (let i: u32 = 0; i <= 3; i++) if (T.get(i) === 0) return; }`,
      codes: [index.code],
    },
    {
      name: 'counting down past 0',
      text: 'export function f(n: u32): void { for (let i: u32 = n; i >= 0; i--) pause(); }',
      codes: [doesNotFit.code],
    },
    {
      name: 'a step over the end',
      text: 'export function f(b: Bytes): void { for (let i: u32 = 0; i < b.length; i += 2) if (b.u16(i) === 0) return; }',
      codes: [bytesRead.code],
    },
    {
      name: 'an index that the loop changes after its test',
      text: `${list}export function f(): u32 { let i: u32 = 0; while (i < 3) { i++; if (T.get(i) === 0) return i; } return 0; }`,
      codes: [index.code],
    },
    {
      name: 'a length that is read twice',
      text: "const B = struct('B', { size: 36 }, { n: at(0, U32), v: at(4, arr(U32, 8)) });\nconst b = instance(B);\nexport function f(): u32 { return b.n < 8 ? b.v.get(b.n) : 0; }",
      codes: [index.code],
    },
    {
      name: 'what an earlier round knew of a variable',
      text: `${list}export function f(n: u32): u32 { let i: u32 = 0; let sum: u32 = 0; while (sum < n) { sum = u32(sum + T.get(i)); i = sum; } return sum; }`,
      codes: [index.code],
    },
    {
      name: 'what only one branch knew',
      text: `${list}export function f(i: u32, ok: boolean): u32 { if (ok) { if (i >= 3) return 0; } return T.get(i); }`,
      codes: [index.code],
    },
    {
      name: 'a guard that a break goes around',
      text: `${list}export function f(n: u32): u32 { let i: u32 = n; while (i >= 3) { if (n === 7) break; i = i - 3; } return T.get(i); }`,
      codes: [index.code],
    },
    {
      name: 'a guard that a continue goes around',
      text: `${list}export function f(n: u32): u32 { let i: u32 = 0; let k: u32 = 0; while (k < n) { k++; i = k; if (k === 100) continue; i = 0; } return T.get(i); }`,
      codes: [index.code],
    },
    {
      name: 'the right operand of a condition that was not reached',
      text: `${list}export function f(i: u32, ok: boolean): u32 { if (ok || i < 3) return T.get(i); return 0; }`,
      codes: [index.code],
    },
    {
      name: 'the negation of a conjunction',
      text: `${list}export function f(i: u32, ok: boolean): u32 { if (!(ok && i >= 3)) return T.get(i); return 0; }`,
      codes: [index.code],
    },
    {
      name: 'a character of an empty string',
      text: "export function f(): u32 { return g(''); }\nfunction g(text: string): u32 { return text.charCodeAt(0); }",
      codes: [character.code],
    },
    {
      name: 'an entry of a table',
      text: 'type H = () => void;\nfunction a(): void { pause(); }\nconst T = table<H>(4, a, {});\nexport function f(i: u32): void { if (i <= 4) T.get(i)(); }',
      codes: [index.code],
    },
    {
      name: 'what a table entry requires',
      text: 'type H = (n: u32) => void;\nfunction a(n: u32): void { requires(n < 4); if (n === 0) pause(); }\nfunction b(n: u32): void { if (n === 0) pause(); }\nconst T = table<H>(4, b, { [1]: a });\nexport function f(n: u32): void { T.get(0)(n); }',
      codes: [PROOF.requires.code],
    },
    {
      name: 'what is ensured of a parameter that the function changed',
      text: 'export function f(n: u32): u32 { n = 5; const r: u32 = 3; ensures(r < n); return r; }',
      codes: [PROOF.ensuresTerms.code],
    },
    {
      name: 'a circle of functions that only return, without an end',
      text: `${list}function a(n: u32): u32 { return b(n); }
      function b(n: u32): u32 { return a(n); }
      export function f(n: u32): u32 { return T.get(a(n)); }`,
      codes: [index.code],
    },
    {
      name: 'a length that is 0 on one path and null on the other',
      text: `function find(b: Bytes, n: u32): Bytes | null { if (n === 0) return null; if (n === 1) return b.part(0, 0); return null; }
      export function f(b: Bytes, n: u32): u32 { const c = find(b, n); if (c === null) return 0; return c.u8(0); }`,
      codes: [bytesRead.code],
    },
    {
      name: 'what is ensured of another value',
      text: 'export function f(n: u32): u32 { const r = u32(n + 1); ensures(r > n); return r; }',
      codes: [PROOF.ensures.code],
    },
  ]);
  t.end();
});

t.test('one gap is one diagnostic', (t) => {
  const { diagnostics } = proveModules({
    once: 'const T = list(U32, [1, 2, 3]);\nexport function f(i: u32): u32 { return u32(T.get(i) + T.get(i)); }',
  });
  t.equal(diagnostics.length, 1);
  t.end();
});

t.test('a diagnostic says what is known and what would mend it', (t) => {
  const { diagnostics } = proveModules({
    facts:
      'const T = list(U32, [1, 2, 3]);\nexport function f(count: u32): u32 { const i = u32(count / 2); return T.get(i); }',
  });
  t.match(diagnostics, [
    {
      code: 'TSV2104',
      message: 'index may be out of bounds',
      known: [
        'count: u32, 0 <= count <= 4294967295',
        'i: u32, 0 <= i <= 2147483647   (facts.ts:7 count / 2)',
        '2 * i <= count',
        'count <= 2 * i + 1',
        'T has 3 values',
      ],
      fixes: ['guard with  if (i < 3) { ... }'],
    },
  ]);
  t.end();
});

t.test('what is read of memory is to be copied before the guard', (t) => {
  const text = `
const Queue = struct('Queue', { size: 4 }, { count: at(0, U32) });
const queue = instance(Queue);
export function f(values: Ref<typeof Values>): u32 { return values.get(queue.count); }
const Values = arr(U32, 8);`;
  const { diagnostics } = proveModules({ memory: text });
  t.same(
    diagnostics.map(({ fixes }) => fixes),
    [['memory keeps no facts, so keep it:  const count = queue.count; if (count < 8) { ... }']],
  );
  t.end();
});
