/**
 * The values of operators that are no linear forms, and the inequalities that hold of them.
 *
 * Operands here are exact values; that they fit their types is checked elsewhere. Each function
 * returns a linear form over new symbols, or the one it returned before for the same operands.
 */
import type { Expression } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';
import { entails } from './domain/assume.js';
import type { Context } from './context.js';
import { inside } from './domain/formula.js';
import { add, addScaled, constant, floorDivide, plus, scale, subtract, type Linear } from './domain/linear.js';
import { meaning } from './domain/meaning.js';
import {
  allOnes,
  bitwiseRange,
  divideRanges,
  isWithin,
  minimum,
  multiplyRanges,
  remainderRange,
  shiftLeftRange,
  shiftRightRange,
} from './domain/range.js';

/** The one value of a form that has only one. */
function only(range: Range): bigint | null {
  return range.low === range.high ? range.low : null;
}

/** `a * b`. */
export function product(context: Context, from: Expression, a: Linear, b: Linear): Linear {
  const [rangeA, rangeB] = [context.rangeOf(a), context.rangeOf(b)];
  const [onlyA, onlyB] = [only(rangeA), only(rangeB)];
  if (onlyB !== null) return scale(a, onlyB);
  if (onlyA !== null) return scale(b, onlyA);
  return context.derive(meaning('*', a, b), from, multiplyRanges(rangeA, rangeB), (value) => {
    if (rangeA.low < 0n || rangeB.low < 0n) return [];
    return [
      addScaled(value, a, -rangeB.high),
      addScaled(value, b, -rangeA.high),
      addScaled(scale(a, rangeB.low), value, -1n),
      addScaled(scale(b, rangeA.low), value, -1n),
    ];
  });
}

/** `a / b`, rounded towards 0. */
export function quotient(context: Context, from: Expression, a: Linear, b: Linear): Linear {
  const [rangeA, rangeB] = [context.rangeOf(a), context.rangeOf(b)];
  const divisor = only(rangeB);
  if (divisor === 1n) return a;
  return context.derive(meaning('/', a, b), from, divideRanges(rangeA, rangeB), (value) => {
    if (rangeA.low < 0n || rangeB.low < 1n) return [];
    return divisor === null ? [subtract(value, a)] : quotientFacts(value, a, divisor);
  });
}

/** `divisor * value <= a <= divisor * value + divisor - 1`. */
function quotientFacts(value: Linear, a: Linear, divisor: bigint): readonly Linear[] {
  return [subtract(scale(value, divisor), a), plus(addScaled(a, value, -divisor), 1n - divisor)];
}

/** `a % b`, with the sign of `a`. */
export function remainder(context: Context, from: Expression, a: Linear, b: Linear): Linear {
  const [rangeA, rangeB] = [context.rangeOf(a), context.rangeOf(b)];
  return context.derive(meaning('%', a, b), from, remainderRange(rangeA, rangeB), (value) => {
    const facts = rangeA.low >= 0n ? [subtract(value, a)] : [];
    return rangeB.low >= 1n ? [...facts, plus(subtract(value, b), 1n)] : facts;
  });
}

/** `a >> count`, rounded towards minus infinity. */
export function shiftRight(context: Context, from: Expression, a: Linear, count: Linear): Linear {
  const [rangeA, rangeCount] = [context.rangeOf(a), context.rangeOf(count)];
  const bits = only(rangeCount);
  if (bits === 0n) return a;
  return context.derive(meaning('>>', a, count), from, shiftRightRange(rangeA, rangeCount), (value) => {
    if (bits !== null && bits > 0n && bits < 64n) return quotientFacts(value, a, 1n << bits);
    return rangeA.low >= 0n ? [subtract(value, a)] : [];
  });
}

/** `a << count` without wrapping. */
export function shiftLeft(context: Context, from: Expression, a: Linear, count: Linear): Linear {
  const [rangeA, rangeCount] = [context.rangeOf(a), context.rangeOf(count)];
  const bits = only(rangeCount);
  if (bits !== null && bits >= 0n && bits < 64n) return scale(a, 1n << bits);
  return context.derive(meaning('<<', a, count), from, shiftLeftRange(rangeA, rangeCount), (value) =>
    rangeA.low >= 0n ? [subtract(a, value)] : [],
  );
}

/** `a & b` of values that are not negative. */
export function bitAnd(context: Context, from: Expression, a: Linear, b: Linear): Linear {
  const [rangeA, rangeB] = [context.rangeOf(a), context.rangeOf(b)];
  const [onlyA, onlyB] = [only(rangeA), only(rangeB)];
  if (onlyB !== null) return maskWith(context, from, a, onlyB);
  if (onlyA !== null) return maskWith(context, from, b, onlyA);
  return context.derive(meaning('&', a, b), from, bitwiseRange('&', rangeA, rangeB), (value) => [
    subtract(value, a),
    subtract(value, b),
  ]);
}

/**
 * `a & mask`. Where the mask clears the low bits, the result is a multiple of a power of two,
 * and the symbol stands for how many: so later operators see that those bits are clear.
 */
function maskWith(context: Context, from: Expression, a: Linear, mask: bigint): Linear {
  const range = context.rangeOf(a);
  const all = allOnes(range.high);
  const kept = mask & all;
  if (kept === all) return a;
  if (kept === 0n) return constant(0n);
  const unit = kept & -kept;
  const most = minimum(range.high, kept) / unit;
  const multiple = context.derive(
    meaning('multiples of', a, constant(kept)),
    from,
    { low: 0n, high: most },
    (value) => {
      const masked = scale(value, unit);
      return [subtract(masked, a), plus(subtract(a, masked), -(all & ~kept))];
    },
  );
  return scale(multiple, unit);
}

/** `a | b` of values that are not negative. */
export function bitOr(context: Context, from: Expression, a: Linear, b: Linear): Linear {
  const [rangeA, rangeB] = [context.rangeOf(a), context.rangeOf(b)];
  if (rangeB.high < unitOf(a) || rangeA.high < unitOf(b)) return add(a, b);
  return context.derive(meaning('|', a, b), from, bitwiseRange('|', rangeA, rangeB), (value) => [
    subtract(a, value),
    subtract(b, value),
    subtract(value, add(a, b)),
  ]);
}

/** `a ^ b` of values that are not negative. */
export function bitXor(context: Context, from: Expression, a: Linear, b: Linear): Linear {
  const range = bitwiseRange('^', context.rangeOf(a), context.rangeOf(b));
  return context.derive(meaning('^', a, b), from, range, (value) => [subtract(value, add(a, b))]);
}

/** A power of two that divides all values of the form; 2^64 for 0. */
function unitOf(form: Linear): bigint {
  const bits = form.terms.reduce((sum, { factor }) => sum | factor, form.constant) | (1n << 64n);
  return bits & -bits;
}

/** The value in `range`, which is as wide as a power of two, that is congruent to `value` modulo that power. */
export function truncate(context: Context, from: Expression, value: Linear, range: Range): Linear {
  const span = context.rangeOf(value);
  if (isWithin(span, range) || entails(context.state, inside(value, range))) return value;
  const size = range.high - range.low + 1n;
  const turns = floorDivide(span.low - range.low, size);
  if (turns === floorDivide(span.high - range.low, size)) return plus(value, -turns * size);
  return context.derive(
    meaning('truncated', value, constant(range.low), constant(range.high)),
    from,
    range,
    (result) => (range.low === 0n && span.low >= 0n ? [subtract(result, value)] : []),
  );
}

/** The smaller value. */
export function smaller(context: Context, from: Expression, a: Linear, b: Linear): Linear {
  const [rangeA, rangeB] = [context.rangeOf(a), context.rangeOf(b)];
  if (context.state.proves(subtract(a, b))) return a;
  if (context.state.proves(subtract(b, a))) return b;
  const range = {
    low: rangeA.low < rangeB.low ? rangeA.low : rangeB.low,
    high: rangeA.high < rangeB.high ? rangeA.high : rangeB.high,
  };
  return context.derive(meaning('smaller', a, b), from, range, (value) => [subtract(value, a), subtract(value, b)]);
}

/** The larger value. */
export function larger(context: Context, from: Expression, a: Linear, b: Linear): Linear {
  return scale(smaller(context, from, scale(a, -1n), scale(b, -1n)), -1n);
}
