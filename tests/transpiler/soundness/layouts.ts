/** References to memory of one layout where another is wanted, and memory that C and JavaScript see differently. */
import type { Program } from './programs.js';

export const LAYOUTS: readonly Program[] = [
  {
    name: 'bit fields of other widths',
    text: `const A = bits(U32, { kind: [0, 7] }); const B = bits(U32, { kind: [0, 1] });
    const Widths = struct('Widths', { size: 4 }, { flags: at(0, A) }); const t = instance(Widths);
    function look(flags: Ref<typeof B>): u32 { return LIST.get(flags.kind); }
    export function f(): u32 { t.flags.value = 0x53; return look(t.flags); }`,
    code: 'TSV1031',
  },
  {
    name: 'bit fields at other positions, through a table',
    text: `const A = bits(U32, { kind: [0, 3] }); const B = bits(U32, { kind: [4, 7] });
    const Places = struct('Places', { size: 4 }, { flags: at(0, A) }); const t = instance(Places);
    function low(flags: Ref<typeof A>): u32 { return flags.kind; }
    function high(flags: Ref<typeof B>): u32 { return flags.kind; }
    const readers = table<(flags: Ref<typeof A>) => u32>(2, low, { 1: high });
    export function f(i: u32): u32 { t.flags.value = 0x53; return readers.get(i & 1)(t.flags); }`,
    code: 'TSV1030',
  },
  {
    name: 'an array of another length',
    text: `const Short = struct('Short', { size: 16 }, { words: at(0, arr(U32, 4)) }); const t = instance(Short);
    const Eight = arr(U32, 8);
    function look(words: Ref<typeof Eight>): u32 { return words.get(7); }
    export function f(): u32 { return look(t.words); }`,
    code: 'TSV1031',
  },
  {
    name: 'a struct with other offsets, returned',
    text: `const Front = struct('Front', { size: 8 }, { x: at(0, U32) }); const Back = struct('Back', { size: 8 }, { x: at(4, U32) });
    const t = instance(Front);
    function given(): Ref<typeof Back> { return t; }
    export function f(): u32 { return given().x; }`,
    code: 'TSV1031',
  },
  {
    name: 'a struct with other offsets, in a variable',
    text: `const Head = struct('Head', { size: 8 }, { x: at(0, U32) }); const Tail = struct('Tail', { size: 8 }, { x: at(4, U32) });
    const t = instance(Head);
    export function f(): u32 { const one: Ref<typeof Tail> = t; return one.x; }`,
    code: 'TSV1031',
  },
  {
    name: 'a struct called as bit fields are in C',
    text: "const Odd = struct('bits_u32', { size: 4 }, { x: at(0, U32) });\nexport function f(): u32 { return Odd.bytes; }",
    code: 'TSV1016',
  },
  {
    name: 'bits called value',
    text: 'const Odd = bits(U32, { value: [0, 3] });\nexport function f(): u32 { return Odd.bytes; }',
    code: 'TSV1016',
  },
  {
    name: 'volatile by a constant',
    text: `const IS = true;
    const Quick = struct('Quick', { size: 4, volatile: IS }, { x: at(0, U32) }); const t = instance(Quick);
    export function f(): void { t.x |= 1; }`,
    code: 'TSV1020',
  },
  {
    name: 'a boolean that was written as a byte',
    text: `const Truth = struct('Truth', { size: 4 }, { on: at(0, BOOL) }); const t = instance(Truth);
    export function f(value: u8): u32 { window(addressOf(t), 4).setU8(0, value); return t.on ? 1 : 0; }
    export function g(value: u8): u32 { window(addressOf(t), 4).setU8(0, value); return u32(t.on) + (t.on === true ? 10 : 0); }`,
    calls: [
      ['f', 2n],
      ['f', 0n],
      ['g', 2n],
      ['g', 255n],
      ['g', 0n],
    ],
  },
  {
    name: 'the machine address of a local, by way of another name',
    text: "export function f(): boolean { const one = local(Local); const other = one; return addressOf(other) !== 0n; }\nconst Local = struct('Local', { size: 4 }, { x: at(0, U32) });",
    code: 'TSV1019',
  },
  {
    name: 'the machine address of a local, by way of a let',
    text: "export function f(): boolean { const one = local(Own); let other: Ref<typeof Own> = one; return addressOf(other) !== 0n; }\nconst Own = struct('Own', { size: 4 }, { x: at(0, U32) });",
    code: 'TSV1019',
  },
  {
    name: 'trigraphs',
    text: "const WORD = 'what??!';\nexport function f(): u32 { return WORD.charCodeAt(6) + WORD.length; }",
    calls: [['f']],
  },
];
