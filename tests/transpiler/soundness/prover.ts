/** Programs in which the prover once assumed something without proof, or proved it for another value. */
import type { Program } from './programs.js';

export const PROVER: readonly Program[] = [
  {
    name: 'a mask of a value that may be negative, and the same mask after a guard',
    text: `export function f(x: i32, i: u32): u32 {
      const first = x & 0xf0;
      if (x < 0) return 0;
      const second = x & 0xf0;
      if (first >= 16 && second < 256) return LIST.get(i);
      return 1;
    }`,
    code: 'TSV2104',
  },
  {
    name: 'a mask used twice is one value',
    text: `export function f(x: i32, i: u32): u32 {
      if (x < 0) return 0;
      const first = x & 0x30;
      const second = x & 0x30;
      return first <= 0x30 && second === first ? LIST.get((x & 0x30) >> 4) + i % 2 : 0;
    }`,
    calls: [
      ['f', 0x7fn, 3n],
      ['f', -1n, 0n],
      ['f', 0x30n, 1n],
    ],
  },
  {
    name: 'an index inside an ensures',
    text: `function look(i: u32): u32 { const r: u32 = 1; ensures(LIST.get(i) >= 0); return r; }
    export function f(x: u32): u32 { const one = look(x); return LIST.get(x) + one; }`,
    code: 'TSV2104',
  },
  {
    name: 'a sum inside an ensures',
    text: `function inc(n: u64): u64 { const r = n; ensures(n + 1n > n); return r; }
    export function f(x: u64): u64 { return inc(x) + 1n; }`,
    code: 'TSV2001',
  },
  {
    name: 'a division inside an ensures',
    text: `export function f(d: u64): u64 { const r = d; ensures(10n / d >= 0n); return r; }`,
    code: 'TSV2005',
  },
  {
    name: 'an index from memory inside an ensures',
    text: `function look(): u32 { const r: u32 = 1; ensures(LIST.get(s.i) >= 0); return r; }
    export function f(): u32 { return LIST.get(s.i) + look(); }`,
    code: 'TSV2104',
  },
  {
    name: 'a character inside an ensures',
    text: `const WORD = 'four';
    function look(i: u32): u32 { const r: u32 = 1; ensures(WORD.charCodeAt(i) >= 0); return r; }
    export function f(x: u32): u32 { return look(x) + WORD.charCodeAt(x); }`,
    code: 'TSV2105',
  },
  {
    name: 'an index inside a requires is proved in the function',
    text: `function look(i: u32): u32 { requires(LIST.get(i) >= 0); return 1; }
    export function f(): u32 { return look(1); }`,
    code: 'TSV2104',
  },
  {
    name: 'an index inside an invariant',
    text: `export function f(x: u32): u32 {
      for (let i: u32 = 0; i < 2; i++) { invariant(LIST.get(x) >= 0); }
      return LIST.get(x);
    }`,
    code: 'TSV2104',
  },
  {
    name: 'two returns that ensure the same words of different things',
    text: `function pick(n: u32, x: u32): u32 {
      if (x < n) { const r = x; ensures(r < n); return r; }
      { const n: u32 = 0xffff_ffff; const r: u32 = 1000; ensures(r < n); return r; }
    }
    export function f(x: u32): u32 { return LIST.get(pick(4, x)); }`,
    code: 'TSV2206',
  },
  {
    name: 'two returns that ensure the same words, one of a constant of the module',
    text: `const LIMIT = 4;
    function pick(x: u32): u32 {
      if (x < LIMIT) { const r = x; ensures(r < LIMIT); return r; }
      { const LIMIT: u32 = 0xffff_ffff; const r: u32 = 1000; ensures(r < LIMIT); return r; }
    }
    export function f(x: u32): u32 { return LIST.get(pick(x)); }`,
    code: 'TSV2206',
  },
  {
    name: 'two returns that ensure the same of results of other names',
    text: `function pick(n: u32, x: u32): u32 {
      if (x < n) { const small = x; ensures(small <= n); return small; }
      const large = n; ensures(large <= n); return large;
    }
    export function f(x: u32): u32 { return LIST.get(pick(3, x)); }`,
    calls: [
      ['f', 100n],
      ['f', 2n],
    ],
  },
  {
    name: 'an ensures of a parameter that has another value by now',
    text: `function pick(n: u32): u32 { const r = n; n = 0; ensures(r <= n); return r; }
    export function f(x: u32): u32 { return LIST.get(x < 4 ? pick(x) : 0); }`,
    code: 'TSV2207',
  },
  {
    name: 'the least i32 by -1',
    text: `export function f(a: i32, b: i32): u32 { if (b >= 0) return 0; return u32(a / b); }
    export function g(a: i32, b: i32): i32 { if (b >= 0) return 0; return a % b; }`,
    calls: [
      ['f', -0x8000_0000n, -1n],
      ['g', -0x8000_0000n, -1n],
      ['f', 7n, -2n],
      ['g', -7n, -2n],
    ],
  },
  {
    name: 'the least i64 by -1, the remainder',
    text: `export function f(a: i64, b: i64): i64 { if (b >= 0n) return 0n; return a % b; }`,
    code: 'TSV2001',
  },
  {
    name: 'the least i64 by -1, the quotient',
    text: `export function f(a: i64, b: i64): i64 { if (b >= 0n) return 0n; return a / b; }`,
    code: 'TSV2001',
  },
  {
    name: 'divisors of i64 that are not 0 and not -1',
    text: `export function f(a: i64, b: i64): i64 { if (b === 0n || b === -1n) return 0n; return a % b; }`,
    calls: [
      ['f', -(2n ** 63n), -1n],
      ['f', -(2n ** 63n), -2n],
      ['f', 9n, 0n],
      ['f', -9n, 4n],
    ],
  },
  {
    name: 'a divisor with a sign that is not 0',
    text: `export function f(a: i32, b: i32): i32 { if (b !== 0) return i32(a / b); return 0; }
    export function g(a: i64, b: i64): i64 { return b !== 0n && a > 0n ? a / b : 0n; }`,
    calls: [
      ['f', -0x8000_0000n, -1n],
      ['f', 9n, -2n],
      ['g', 9n, -2n],
      ['g', 2n ** 63n - 1n, -1n],
    ],
  },
  {
    name: 'a negated unsigned value up to 2^31 and 2^63',
    text: `export function f(x: u32): i32 { if (x > 0x8000_0000) return 0; return -x; }
    export function g(x: u64): i64 { if (x > 0x8000_0000_0000_0000n) return 0n; return -x; }
    export function h(x: u32): i32 { const m = x & 1; return -(m * 0x8000_0000); }`,
    calls: [
      ['f', 0x8000_0000n],
      ['f', 5n],
      ['g', 2n ** 63n],
      ['g', 5n],
      ['h', 1n],
      ['h', 2n],
    ],
  },
  {
    name: 'a negative label of an unsigned subject',
    text: `export function f(x: u32, i: u32): u32 { switch (x) { case -1: return LIST.get(i); default: return 0; } }`,
    code: 'TSV1012',
  },
  {
    name: 'a label above the subject, of i32 and of u64',
    text: `export function f(x: i32): u32 { switch (x) { case 0xffff_ffff: return 1; default: return 0; } }`,
    code: 'TSV1012',
  },
  {
    name: 'a negative label of a u64',
    text: `export function f(x: u64): u32 { switch (x) { case -1n: return 1; default: return 0; } }`,
    code: 'TSV1012',
  },
  {
    name: 'a count of a shift that no width has',
    text: `export function f(x: u64): u64 { return u64(x << 0x7fff_ffff_ffff_ffffn); }`,
    code: 'TSV2004',
  },
  {
    name: 'a function that requires something of itself',
    text: `export function f(x: u32): u32 { requires(f(x) >= 0); return x; }`,
    code: 'TSV3001',
  },
  {
    name: 'functions that require something of each other',
    text: `export function g(x: u32): u32 { const r = f(x); return r; }
    export function f(x: u32): u32 { requires(g(x) >= 0); return x; }`,
    code: 'TSV3001',
  },
  {
    name: 'what follows the call of a table, the fallback of which never returns',
    text: `type Handler = (code: u32) => void;
    function stop(code: u32): never { s.x = code; return haltForever(); }
    function go(code: u32): void { s.x = code; }
    const handlers = table<Handler>(4, stop, { [1]: go });
    export function f(x: u32): u32 { handlers.get(1)(x); return LIST.get(x); }`,
    code: 'TSV2104',
  },
  {
    name: 'a table, the fallback of which never returns',
    text: `type Handler = (code: u32) => void;
    function stop(code: u32): never { s.x = code; return haltForever(); }
    function go(code: u32): void { s.x = code; }
    const handlers = table<Handler>(4, stop, { [1]: go });
    export function f(x: u32): u32 { handlers.get(x & 3)(x); return LIST.get(x & 3); }`,
    calls: [
      ['f', 0n],
      ['f', 1n],
    ],
  },
  {
    name: 'a table, the fallback of which returns an enum, and an entry any number',
    text: `const R = { a: 0, b: 3 } as const;
    type R = (typeof R)[keyof typeof R];
    type Handler = (code: u32) => u32;
    function rare(code: u32): R { return code > 3 ? R.a : R.b; }
    function any(code: u32): u32 { return code; }
    const handlers = table<Handler>(4, rare, { [1]: any });
    export function f(x: u32): u32 {
      let y: u32 = 100;
      switch (handlers.get(1)(x)) { case 0: y = 0; break; case 3: y = 1; break; }
      return LIST.get(y);
    }`,
    code: 'TSV1030',
  },
  {
    name: 'a table, the functions of which leave a parameter out: the caller once was left out of the program',
    text: `type Handler = (code: u32, more: u32) => u32;
    function only(code: u32): u32 { return code; }
    const handlers = table<Handler>(4, only, {});
    export function f(x: u32): u32 { return handlers.get(x & 3)(x, 2); }`,
    code: 'TSV1030',
  },
  {
    name: 'a table, all functions of which never return, at the end of a function with a value',
    text: `function stop(code: u32): never { s.x = code; return haltForever(); }
    const handlers = table<(code: u32) => never>(2, stop, {});
    export function f(x: u32): u32 { if (x < 4) return LIST.get(x); return handlers.get(x & 1)(2); }`,
    calls: [['f', 1n]],
  },
];
