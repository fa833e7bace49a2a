/** Programs in which names once collided in C, or in which C once evaluated in another order. */
import type { Program } from './programs.js';

const BITS = `const Flags = bits(U32, { kind: [0, 7], other: [8, 15] });
`;
const NEXT =
  'function next(): S { s.i = u32(s.i + 1); return s; }\nfunction val(): u32 { s.x = u32(s.x + 10); return s.x; }\n';

export const NAMES: readonly Program[] = [
  {
    name: 'a word of C, and the same with a _',
    text: 'export function f(int_: u32): u32 { if (int_ < 100) { const int: u32 = 7; return int_ + int; } return 0; }',
    calls: [['f', 1n]],
  },
  {
    name: 'a name with $, and the same with a _',
    text: 'export function f(a_: u32): u32 { if (a_ < 100) { const a$: u32 = 7; return a_ + a$; } return 0; }',
    calls: [['f', 1n]],
  },
  {
    name: "a local with the name of a type of C's",
    text: 'export function f(uint64_t: u64, x: u32): u64 { return u64(-i32(x & 0xff)) ^ uint64_t; }',
    calls: [['f', 1n, 5n]],
  },
  {
    name: 'a local struct beside an instance called storage',
    text: `const Disk = struct('Disk', { size: 4 }, { x: at(0, U32) }); const storage = instance(Disk);
    export function f(): u32 { const MODULE = local(Disk); MODULE.x = 1; storage.x = 2; return MODULE.x; }`,
    calls: [['f']],
  },
  {
    name: 'a local with the C name of a constant',
    text: 'export const size = 5;\nexport function f(MODULE_size: u32): u32 { return MODULE_size % 7 + size; }',
    calls: [['f', 9n]],
  },
  {
    name: "macros of C's headers as locals",
    text: 'export function f(UINT32_MAX: u32, offsetof: u32): u32 { return UINT32_MAX % 7 + offsetof % 5; }',
    calls: [['f', 9n, 9n]],
  },
  {
    name: 'fields that are words of C',
    text: `const Words = struct('Words', { size: 8 }, { default: at(0, U32), default_: at(4, U32) }); const t = instance(Words);
    export function f(): u32 { t.default = 1; t.default_ = 2; return t.default; }`,
    calls: [['f']],
  },
  {
    name: 'a field with a space',
    text: "const Gap = struct('Gap', { size: 4 }, { 'a b': at(0, U32) });\nexport function f(): u32 { return Gap.bytes; }",
    code: 'TSV1007',
  },
  {
    name: 'a declaration that ends in _',
    text: 'export const size_ = 5;\nexport function f(): u32 { return size_; }',
    code: 'TSV1034',
  },
  {
    name: 'a name that another case declares',
    text: `export function f(n: u32): u32 {
      let x: u32 = 5;
      switch (n) { case 0: let x: u32 = 1; return x; case 1: x = 2; return 9; default: return 3; }
    }`,
    code: 'TSV1012',
  },
];

export const ORDER: readonly Program[] = [
  {
    name: 'a call on the left of =, before one on the right',
    text: `${NEXT}export function f(): u32 { next().x = u32(val() + val() + s.i); return s.x; }`,
    calls: [['f']],
  },
  {
    name: 'an index and a value of set()',
    text: `${NEXT}export function f(): u32 { next().arr.set(val() & 7, u8(val())); return u32(s.arr.get(2)) + s.arr.get(4) * 100; }`,
    calls: [['f']],
  },
  {
    name: 'a call before bits',
    text: `${BITS}const Word = struct('Word', { size: 8 }, { flags: at(0, Flags), n: at(4, U32) }); const w = instance(Word);
    function nextWord(): Ref<typeof Word> { w.n = u32(w.n + 1); return w; }
    export function f(): u32 { nextWord().flags.kind = 3; return w.n; }`,
    calls: [['f']],
  },
  {
    name: 'a call that chooses whose bits',
    text: `${BITS}const Row = struct('Row', { size: 40 }, { flags: at(0, arr(Flags, 8)), n: at(32, U32) }); const w = instance(Row);
    function step(): u32 { w.n = u32(w.n + 1); return u32(w.n & 7); }
    export function f(): u32 { w.flags.at(step()).kind = 3; w.flags.at(1).other = u32(step() & 0xff); return u32(w.n + w.flags.at(1).value); }`,
    calls: [['f']],
  },
  {
    name: 'a volatile index of bits is read once',
    text: `${BITS}const Line = struct('Line', { size: 32 }, { flags: at(0, arr(Flags, 8)) }); const w = instance(Line);
    const Hot = struct('Hot', { size: 4, volatile: true }, { i: at(0, U32) }); const v = instance(Hot);
    export function f(): u32 { w.flags.at(v.i & 3).kind = 1; return w.flags.at(0).value; }`,
    calls: [['f']],
  },
  {
    name: 'a sum as the index of a compound assignment',
    text: `const Cell = struct('Cell', { size: 4 }, { n: at(0, U32) }); const Cells = struct('Cells', { size: 32 }, { a: at(0, arr(Cell, 8)) });
    const q = instance(Cells);
    export function f(i: u32): u32 { if (i < 7) { q.a.at(i + 1).n &= 7; return q.a.at(i + 1).n; } return 0; }`,
    calls: [['f', 3n]],
  },
];
