/** Contracts, which vanish from the C, and the checks of TypeScript that the language relies on. */
import type { Program } from './programs.js';

const TICK = 'function tick(): u32 { s.x = u32(s.x + 1); return s.x; }\n';

export const CONTRACTS: readonly Program[] = [
  {
    name: 'a requires that writes',
    text: `${TICK}export function f(): u32 { requires(tick() >= 0); return s.x; }`,
    code: 'TSV1032',
  },
  {
    name: 'an invariant that writes',
    text: `${TICK}export function f(): u32 { for (let i: u32 = 0; i < 3; i++) { invariant(tick() >= 0); } return s.x; }`,
    code: 'TSV1032',
  },
  {
    name: 'an ensures that writes, two calls away',
    text: `${TICK}function twice(): u32 { return tick(); }
    export function f(): u32 { const r: u32 = 1; ensures(twice() >= 0); return r; }`,
    code: 'TSV1032',
  },
  {
    name: 'a contract that asks the processor',
    text: 'export function f(): void { requires(readCr0() >= 0n); }',
    code: 'TSV1032',
  },
  {
    name: 'a contract that calls what only looks',
    text: `function small(x: u32): boolean { return x < 4; }
    function at4(x: u32): u32 { requires(small(x)); return LIST.get(x); }
    export function f(x: u32): u32 { return small(x) ? at4(x) : 0; }`,
    calls: [
      ['f', 3n],
      ['f', 9n],
    ],
  },
];

export const TYPESCRIPT: readonly Program[] = [
  {
    name: 'a type predicate about null',
    text: `function isS(one: S | null): one is S { return true; }
    export function f(one: S | null): u32 { if (isS(one)) return one.x; return 0; }`,
    code: 'TSV1002',
  },
  {
    name: 'an assertion about null',
    text: `function isS(one: S | null): asserts one is S { return; }
    export function f(one: S | null): u32 { isS(one); return one.x; }`,
    code: 'TSV1002',
  },
  {
    name: 'a type predicate about an enum',
    text: `const R = { a: 0, b: 3 } as const;
    type R = (typeof R)[keyof typeof R];
    function isR(x: u32): x is R { return x < 4; }
    export function f(x: u32): u32 { return isR(x) ? x : 0; }`,
    code: 'TSV1002',
  },
  { name: 'let with !', text: 'export function f(): u32 { let x!: u32; return x; }', code: 'TSV1002' },
  {
    name: 'let of a reference with !',
    text: 'export function f(): u32 { let one!: S; return one.x; }',
    code: 'TSV1002',
  },
  {
    name: '@ts-ignore',
    text: 'export function f(one: S | null): u32 {\n  // @ts-ignore\n  return one.x;\n}',
    code: 'TSV1033',
  },
  {
    name: '@ts-expect-error in a comment of several lines',
    text: 'export function f(one: S | null): u32 {\n  /*\n   * @ts-expect-error */\n  return one.x;\n}',
    code: 'TSV1033',
  },
  {
    name: 'a union of integer types',
    text: 'export function f(x: u32 | u64): u32 { return x === 3 ? 1 : 0; }',
    code: 'TSV1001',
  },
  {
    name: 'an alias of itself, at which the transpiler once ran out of stack',
    text: `type Odd = Odd;
    export function f(x: Odd): u32 { return 1; }`,
    code: 'TSV1001',
  },
  {
    name: 'an alias of a nullable reference',
    text: `type Maybe = S | null;
    function look(one: Maybe): u32 { return one === null ? 7 : one.x; }
    export function f(): u32 { return look(null) === 7 ? look(s) : 9; }`,
    calls: [['f']],
  },
  {
    name: 'an enum that counts',
    text: `const R = { a: 0, b: 3 } as const;
    type R = (typeof R)[keyof typeof R];
    export function f(x: u32): u32 {
      let r: R = R.a;
      if (x > 5) r++;
      let y: u32 = 100;
      switch (r) { case 0: y = 0; break; case 3: y = 1; break; }
      return LIST.get(y);
    }`,
    code: 'TSV1013',
  },
  {
    name: 'an enum and a number',
    text: `const R = { a: 0, b: 3 } as const;
    type R = (typeof R)[keyof typeof R];
    export function f(x: u32): u32 {
      let r: R = R.a;
      if (x > 5) r += 1;
      let y: u32 = 100;
      switch (r) { case 0: y = 0; break; case 3: y = 1; break; }
      return LIST.get(y);
    }`,
    code: 'TSV1013',
  },
  {
    name: 'the sum of an enum and a number, which TypeScript lets pass',
    text: `const R = { a: 0, b: 3 } as const;
    type R = (typeof R)[keyof typeof R];
    export function f(x: u32): u32 {
      let r: R = R.a;
      if (x > 5) r = r + 1;
      let y: u32 = 100;
      switch (r) { case 0: y = 0; break; case 3: y = 1; break; }
      return LIST.get(y);
    }`,
    code: 'TSV1013',
  },
  {
    name: 'an enum, of which no number of 32 bits is each member',
    text: `const R = { a: 0, b: 0x1_0000_0000 } as const;
    type R = (typeof R)[keyof typeof R];
    function pick(x: u32): R { return x > 3 ? R.a : R.b; }
    export function f(x: u32): u32 { const r = pick(x); return r === R.b ? 1 : 2; }`,
    code: 'TSV1001',
  },
  {
    name: 'an enum, the members of which have no one type of 32 bits',
    text: `const R = { a: -1, b: 0xffff_ffff } as const;
    type R = (typeof R)[keyof typeof R];
    function pick(x: u32): R { return x > 3 ? R.a : R.b; }
    export function f(x: u32): u32 { const r = pick(x); return r === R.b ? 1 : 2; }`,
    code: 'TSV1001',
  },
  {
    name: 'two enums, the members of which have no one type of 32 bits, in one const',
    text: `const R = { a: -1, b: 1 } as const;
    type R = (typeof R)[keyof typeof R];
    const T = { a: 0xffff_ffff, b: 1 } as const;
    type T = (typeof T)[keyof typeof T];
    function r(x: u32): R { return x > 3 ? R.a : R.b; }
    function t(x: u32): T { return x > 3 ? T.a : T.b; }
    export function f(x: u32): u32 { const one = x > 5 ? r(x) : t(x); return one === T.a ? 1 : 2; }`,
    code: 'TSV1011',
  },
];
