/** Intervals of integers and what the operators make of them. */
import { rangeOfName } from '../../ir/integers.js';
import type { IntegerType, Range, Type } from '../../ir/types.js';

export const U32 = rangeOfName('u32');
export const I32 = rangeOfName('i32');
export const U64 = rangeOfName('u64');
export const I64 = rangeOfName('i64');
/** What JavaScript's bit operators give on numbers, where the sign bit stays clear. */
export const BELOW_2_31: Range = { low: 0n, high: I32.high };
/** The integers that a JavaScript number holds exactly, and tells apart from their neighbours. */
export const EXACT_NUMBER: Range = { low: -(2n ** 53n - 1n), high: 2n ** 53n - 1n };
/** What some 64-bit type of C holds. */
const ANY_64: Range = { low: I64.low, high: U64.high };

/** All values of a type. */
export function rangeOfType(type: IntegerType): Range {
  if (type.members !== null && type.members.length > 0) return spanOf(type.members);
  if (type.name !== null) return rangeOfName(type.name);
  return type.javascript === 'number' ? EXACT_NUMBER : ANY_64;
}

/** The numbers that the prover keeps of a type: the integers, the lengths of Bytes and strings, null for none. */
export function numbersOf(type: Type): Range | null {
  if (type.kind === 'integer') return rangeOfType(type);
  return type.kind === 'bytes' || type.kind === 'string' ? U32 : null;
}

/** The range to assume for an expression that is never reached, so that one C type holds it. */
export function rangeOfUnreached(type: IntegerType): Range {
  return type.name === null && type.javascript === 'bigint' ? I64 : rangeOfType(type);
}

/** The smallest range that holds all of `values`, of which there is at least one. */
export function spanOf(values: readonly bigint[]): Range {
  let low = values[0] ?? 0n;
  let high = low;
  for (const value of values) {
    low = minimum(low, value);
    high = maximum(high, value);
  }
  return { low, high };
}

export function exactly(value: bigint): Range {
  return { low: value, high: value };
}

export function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
export function maximum(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function hull(a: Range, b: Range): Range {
  return { low: minimum(a.low, b.low), high: maximum(a.high, b.high) };
}

/** The common part; its `low` is above its `high` where there is none. */
export function intersect(a: Range, b: Range): Range {
  return { low: maximum(a.low, b.low), high: minimum(a.high, b.high) };
}

export function isWithin(inner: Range, outer: Range): boolean {
  return inner.low >= outer.low && inner.high <= outer.high;
}

export function multiplyRanges(a: Range, b: Range): Range {
  return spanOf([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]);
}

/** Quotients rounded towards 0. A divisor of 0 is ignored here, since it is excluded by a proof of its own. */
export function divideRanges(a: Range, b: Range): Range {
  const divisors = [b.low, b.high, -1n, 1n].filter((value) => value !== 0n && value >= b.low && value <= b.high);
  if (divisors.length === 0) return hull(a, exactly(0n));
  return spanOf(divisors.flatMap((divisor) => [a.low / divisor, a.high / divisor]));
}

/** Remainders with the sign of the dividend. */
export function remainderRange(a: Range, b: Range): Range {
  const most = maximum(maximum(-b.low, b.high) - 1n, 0n);
  return { low: a.low < 0n ? maximum(a.low, -most) : 0n, high: a.high > 0n ? minimum(a.high, most) : 0n };
}

/** The counts that a shift can have. Counts outside 0 to 64 are cut off here, since a proof of its own excludes them. */
function shiftCounts(count: Range): readonly [first: bigint, last: bigint] {
  const within = (value: bigint): bigint => minimum(maximum(value, 0n), 64n);
  return [within(count.low), within(count.high)];
}

/** `a >> count`, rounded towards minus infinity. */
export function shiftRightRange(a: Range, count: Range): Range {
  const [first, last] = shiftCounts(count);
  return spanOf([a.low >> first, a.low >> last, a.high >> first, a.high >> last]);
}

/** `a << count` without wrapping. */
export function shiftLeftRange(a: Range, count: Range): Range {
  const [first, last] = shiftCounts(count);
  return spanOf([a.low << first, a.low << last, a.high << first, a.high << last]);
}

/** 2^n - 1, the least that has all bits of `value`, which is not negative. */
export function allOnes(value: bigint): bigint {
  return value === 0n ? 0n : (1n << BigInt(value.toString(2).length)) - 1n;
}

export type Bitwise = '&' | '|' | '^';

/** Bounds of `&`, `|` or `^` in two's complement. */
export function bitwiseRange(operator: Bitwise, a: Range, b: Range): Range {
  if (a.low === a.high && b.low === b.high) return exactly(bitwise(operator, a.low, b.low));
  if (operator === '&' && (a.low >= 0n || b.low >= 0n)) {
    const most = a.low >= 0n && b.low >= 0n ? minimum(a.high, b.high) : a.low >= 0n ? a.high : b.high;
    return { low: 0n, high: most };
  }
  if (a.low >= 0n && b.low >= 0n) {
    const ones = allOnes(maximum(a.high, b.high));
    return { low: operator === '|' ? maximum(a.low, b.low) : 0n, high: ones };
  }
  const ones = allOnes([~a.low, a.high, ~b.low, b.high].reduce(maximum, 0n));
  return { low: -ones - 1n, high: ones };
}

function bitwise(operator: Bitwise, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
  }
}
