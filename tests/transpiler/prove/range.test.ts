import t from 'tap';
import fc from 'fast-check';
import type { Range } from '../../../transpiler/ir/types.js';
import {
  bitwiseRange,
  divideRanges,
  multiplyRanges,
  remainderRange,
  shiftLeftRange,
  shiftRightRange,
} from '../../../transpiler/prove/domain/range.js';
import { always } from './property.js';

const values = fc.bigInt(-300n, 300n);
/** A range and a value in it. */
const ranged = fc
  .tuple(values, values, values)
  .map((three) => [...three].sort((a, b) => (a < b ? -1 : 1)))
  .map(([low = 0n, value = 0n, high = 0n]) => ({ range: { low, high }, value }));
const counts = ranged.map(({ range, value }) => {
  const count = (n: bigint): bigint => (n + 300n) / 20n;
  return { range: { low: count(range.low), high: count(range.high) }, value: count(value) };
});

function holds(range: Range, value: bigint): boolean {
  return range.low <= value && value <= range.high;
}

t.test('products, quotients and remainders are in the ranges that are computed', (t) => {
  always(
    t,
    fc.property(ranged, ranged, (a, b) => {
      fc.pre(b.value !== 0n);
      return (
        holds(multiplyRanges(a.range, b.range), a.value * b.value) &&
        holds(divideRanges(a.range, b.range), a.value / b.value) &&
        holds(remainderRange(a.range, b.range), a.value % b.value)
      );
    }),
    2000,
  );
  t.end();
});

t.test('shifted values are in the ranges that are computed', (t) => {
  always(
    t,
    fc.property(ranged, counts, (a, count) => {
      return (
        holds(shiftRightRange(a.range, count.range), a.value >> count.value) &&
        holds(shiftLeftRange(a.range, count.range), a.value << count.value)
      );
    }),
    2000,
  );
  t.end();
});

t.test('bitwise results are in the ranges that are computed', (t) => {
  always(
    t,
    fc.property(ranged, ranged, (a, b) => {
      return (
        holds(bitwiseRange('&', a.range, b.range), a.value & b.value) &&
        holds(bitwiseRange('|', a.range, b.range), a.value | b.value) &&
        holds(bitwiseRange('^', a.range, b.range), a.value ^ b.value)
      );
    }),
    2000,
  );
  t.end();
});

t.test('masked values are at most the mask', (t) => {
  t.same(bitwiseRange('&', { low: 0n, high: 1000n }, { low: 15n, high: 15n }), { low: 0n, high: 15n });
  t.end();
});
