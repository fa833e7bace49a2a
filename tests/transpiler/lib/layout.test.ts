import fc from 'fast-check';
import t from 'tap';
import {
  addressOf,
  arr,
  at,
  bits,
  BOOL,
  GPA,
  I16,
  I32,
  I64,
  I8,
  instance,
  struct,
  U16,
  U32,
  U64,
  U8,
  window,
} from '../../../transpiler/lib/index.js';

const Flags = bits(U32, { present: [0, 0], kind: [4, 7], high: [31, 31] });
const Wide = bits(U64, { low: [0, 11], frame: [12, 51], all: [52, 63] });
const Inner = struct('Inner', { size: 4 }, { small: at(0, U16), nested: at(2, U16) });
const Everything = struct(
  'Everything',
  { size: 64 },
  {
    byte: at(0, U8),
    signedByte: at(1, I8),
    word: at(2, U16),
    signedWord: at(4, I16),
    unaligned: at(7, U32),
    signed: at(12, I32),
    quad: at(16, U64),
    signedQuad: at(24, I64),
    guest: at(32, GPA),
    flag: at(40, BOOL),
    inner: at(44, Inner),
    flags: at(48, Flags),
    words: at(52, arr(U16, 3)),
  },
);
const Pair = arr(Inner, 2);

function bytesBehind(reference: object, length: number): number[] {
  const bytes = window(addressOf(reference), length);
  return Array.from({ length }, (_, offset) => bytes.u8(offset));
}

t.test('a field is kept little-endian at its offset', (t) => {
  const everything = instance(Everything);
  everything.unaligned = 0x1122_3344;
  everything.quad = 0x0102_0304_0506_0708n;
  const bytes = bytesBehind(everything, 24);
  t.same(bytes.slice(6, 12), [0, 0x44, 0x33, 0x22, 0x11, 0]);
  t.same(bytes.slice(16, 24), [8, 7, 6, 5, 4, 3, 2, 1]);
  t.end();
});

t.test('a stored value is read back as it was', (t) => {
  const everything = instance(Everything);
  everything.signedByte = -0x80;
  everything.signedWord = -1;
  everything.signed = -0x8000_0000;
  everything.signedQuad = -1n;
  everything.guest = 0xffff_ffff_ffff_ffffn;
  everything.flag = true;
  t.same(
    [everything.signedByte, everything.signedWord, everything.signed, everything.signedQuad, everything.guest],
    [-0x80, -1, -0x8000_0000, -1n, 0xffff_ffff_ffff_ffffn],
  );
  t.equal(everything.flag, true);
  t.equal(everything.byte, 0, 'the neighbour is untouched');
  t.end();
});

t.test('a store of what does not fit throws', (t) => {
  const everything = instance(Everything);
  t.throws(() => (everything.byte = 0x100), RangeError);
  t.throws(() => (everything.byte = -1), RangeError);
  t.throws(() => (everything.word = 0.5), RangeError);
  t.throws(() => (everything.signed = 0x8000_0000), RangeError);
  t.throws(() => (everything.quad = 1n << 64n), RangeError);
  t.throws(() => (everything.signedQuad = 1n << 63n), RangeError);
  t.end();
});

t.test('a nested struct is a reference into its parent', (t) => {
  const everything = instance(Everything);
  everything.inner.nested = 0xabcd;
  t.equal(addressOf(everything.inner), addressOf(everything) + 44n);
  t.same(bytesBehind(everything, 48).slice(44), [0, 0, 0xcd, 0xab]);
  t.end();
});

t.test('an array of scalars has get and set, within its bounds only', (t) => {
  const { words } = instance(Everything);
  words.set(2, 0xffff);
  t.equal(words.get(2), 0xffff);
  t.equal(words.length, 3);
  t.throws(() => words.get(3), RangeError);
  t.throws(() => words.set(-1, 0), RangeError);
  t.throws(() => words.get(0.5), RangeError);
  t.end();
});

t.test('an array of structs has references to its elements', (t) => {
  const pair = instance(Pair);
  pair.at(1).small = 7;
  t.equal(addressOf(pair.at(1)), addressOf(pair) + 4n);
  t.equal(pair.at(1).small, 7);
  t.throws(() => pair.at(2), RangeError);
  t.end();
});

t.test('a bit field changes its own bits only', (t) => {
  const { flags } = instance(Everything);
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.nat(15), (before, kind) => {
      flags.value = before;
      flags.kind = kind;
      return flags.kind === kind && BigInt(flags.value) === ((BigInt(before) & ~0xf0n) | BigInt(kind << 4));
    }),
  );
  t.end();
});

t.test('the highest bit of a word is 1, not negative', (t) => {
  const { flags } = instance(Everything);
  flags.value = 0xffff_ffff;
  t.equal(flags.high, 1);
  flags.high = 0;
  t.equal(flags.value, 0x7fff_ffff);
  t.end();
});

t.test('a bit field of 64 bits is a bigint', (t) => {
  const wide = instance(arr(Wide, 1)).at(0);
  wide.frame = (1n << 40n) - 1n;
  t.equal(wide.value, 0x000f_ffff_ffff_f000n);
  t.throws(() => (wide.frame = 1n << 40n), RangeError);
  t.end();
});

t.test('a layout that contradicts itself is refused', (t) => {
  const refused: [string, () => unknown][] = [
    ['overlap', () => struct('S', { size: 8 }, { a: at(0, U32), b: at(3, U8) })],
    ['too small', () => struct('S', { size: 3 }, { a: at(0, U32) })],
    ['negative offset', () => struct('S', { size: 8 }, { a: at(-1, U8) })],
    ['fractional offset', () => struct('S', { size: 8 }, { a: at(0.5, U8) })],
    ['overlapping bits', () => bits(U8, { a: [0, 3], b: [3, 4] })],
    ['bits outside', () => bits(U8, { a: [0, 8] })],
    ['bits reversed', () => bits(U8, { a: [3, 2] })],
    ['bits called value', () => bits(U8, { value: [0, 0] })],
    ['empty array', () => arr(U8, 0)],
    ['fractional array', () => arr(U8, 1.5)],
  ];
  for (const [name, make] of refused) t.throws(make, RangeError, name);
  t.end();
});

t.test('fields need not be declared in the order of their offsets', (t) => {
  const Mixed = struct('Mixed', { size: 8 }, { second: at(4, U32), first: at(0, U32) });
  const mixed = instance(Mixed);
  mixed.first = 1;
  mixed.second = 2;
  t.same(bytesBehind(mixed, 8), [1, 0, 0, 0, 2, 0, 0, 0]);
  t.end();
});

t.test('a field may have the name of something in JavaScript', (t) => {
  const Named = struct('Named', { size: 16 }, { nested: at(0, Inner), constructor: at(4, U32), offset: at(8, U64) });
  const named = instance(Named);
  named.constructor = 5;
  named.nested.small = 6;
  named.offset = 7n;
  t.same(bytesBehind(named, 9), [6, 0, 0, 0, 5, 0, 0, 0, 7]);
  t.end();
});
