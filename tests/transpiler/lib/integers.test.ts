import fc from 'fast-check';
import t from 'tap';
import {
  addSat32,
  addSat64,
  gpa,
  gva,
  hpa,
  hva,
  i32,
  i64,
  min32,
  min64,
  mul32,
  subSat64,
  u16,
  u32,
  u64,
  u8,
} from '../../../transpiler/lib/index.js';

const MAX32 = 0xffff_ffff;
const MAX64 = 0xffff_ffff_ffff_ffffn;
const anyInteger = fc.oneof(fc.bigInt({ min: -(1n << 70n), max: 1n << 70n }), fc.maxSafeInteger());
const anyU32 = fc.nat(MAX32);
const anyU64 = fc.bigInt({ min: 0n, max: MAX64 });

t.test('a cast to an unsigned type is the value modulo its width', (t) => {
  fc.assert(
    fc.property(anyInteger, (value) => {
      const exact = BigInt(value);
      return (
        BigInt(u8(value)) === BigInt.asUintN(8, exact) &&
        BigInt(u16(value)) === BigInt.asUintN(16, exact) &&
        BigInt(u32(value)) === BigInt.asUintN(32, exact) &&
        u64(value) === BigInt.asUintN(64, exact)
      );
    }),
  );
  t.end();
});

t.test("a cast to a signed type is the value in two's complement", (t) => {
  fc.assert(
    fc.property(anyInteger, (value) => {
      const exact = BigInt(value);
      return BigInt(i32(value)) === BigInt.asIntN(32, exact) && i64(value) === BigInt.asIntN(64, exact);
    }),
  );
  t.end();
});

t.test('a cast of a number gives a number and of 64 bits a bigint, whatever comes in', (t) => {
  t.same([u8(0x1ffn), u16(-1n), u32(1n << 40n), i32(0xffff_ffffn)], [0xff, 0xffff, 0, -1]);
  t.same([u64(-1), i64(-1)], [MAX64, -1n]);
  t.end();
});

t.test('a boolean casts to 0 or 1', (t) => {
  t.same([u8(true), u16(false), u32(true), i32(true)], [1, 0, 1, 1]);
  t.same([u64(true), i64(false)], [1n, 0n]);
  t.end();
});

t.test('u32 of a quotient drops the fraction', (t) => {
  t.equal(u32(MAX32 / 7), 613566756);
  t.equal(u32(6 / 7), 0);
  t.end();
});

t.test('an address cast is modulo 2^64 in every address space', (t) => {
  for (const cast of [gpa, hpa, gva, hva]) {
    t.equal(cast(-1n), MAX64);
    t.equal(cast((1n << 64n) + 5n), 5n);
  }
  t.end();
});

t.test('mul32 is the low half of the exact product', (t) => {
  fc.assert(
    fc.property(anyU32, anyU32, (a, b) => BigInt(mul32(a, b)) === BigInt.asUintN(32, BigInt(a) * BigInt(b))),
    { examples: [[MAX32, MAX32]] },
  );
  t.end();
});

t.test('saturating operations stop at the end of their type', (t) => {
  fc.assert(
    fc.property(anyU32, anyU32, (a, b) => addSat32(a, b) === (a + b > MAX32 ? MAX32 : a + b)),
    { examples: [[MAX32, 1]] },
  );
  fc.assert(
    fc.property(
      anyU64,
      anyU64,
      (a, b) => addSat64(a, b) === (a + b > MAX64 ? MAX64 : a + b) && subSat64(a, b) === (a < b ? 0n : a - b),
    ),
    { examples: [[MAX64, 1n]] },
  );
  t.end();
});

t.test('min32 and min64 are one of their operands and above neither', (t) => {
  fc.assert(
    fc.property(anyU32, anyU32, (a, b) => {
      const least = min32(a, b);
      return (least === a || least === b) && least <= a && least <= b;
    }),
  );
  fc.assert(
    fc.property(anyU64, anyU64, (a, b) => {
      const least = min64(a, b);
      return (least === a || least === b) && least <= a && least <= b;
    }),
  );
  t.end();
});
