/** Operators outside a cast: JavaScript and C must both compute the exact result. */
import { PROOF } from '../diagnostics/proof.js';
import type { BuiltinName, Expression, ExpressionOf } from '../ir/nodes.js';
import type { Claim } from '../ir/obligations.js';
import type { IntegerName, Range } from '../ir/types.js';
import { entails } from './domain/assume.js';
import type { Context } from './context.js';
import { bitAnd, bitOr, bitXor, product, quotient, remainder, shiftLeft, shiftRight, truncate } from './derive.js';
import { binary as binaryOf, builtin, cast, compare, flows, integer } from './fixes/build.js';
import { guards, wrap, write } from './proposals.js';
import { equals, FALSE, inside, less, negate, type Formula } from './domain/formula.js';
import { add, constant, plus, scale, subtract, ZERO, type Linear } from './domain/linear.js';
import { meaning } from './domain/meaning.js';
import type { Fix, Proposal } from './fixes/trial.js';
import {
  BELOW_2_31,
  bitwiseRange,
  EXACT_NUMBER,
  hull,
  I32,
  I64,
  isWithin,
  U32,
  U64,
  type Bitwise,
} from './domain/range.js';

/** What JavaScript's bit operators take whole, though they may see another sign. */
const ANY_32: Range = { low: I32.low, high: U32.high };

/** The exact value of an operator with two operands. Reports where it may not fit. */
export function binary(context: Context, expression: ExpressionOf<'binary'>): Linear {
  const left = context.integer(expression.left);
  const right = context.integer(expression.right);
  const { operator } = expression;
  switch (operator) {
    case '+':
      return exact(context, expression, add(left, right));
    case '-':
      return exact(context, expression, subtract(left, right));
    case '*':
      return exact(context, expression, product(context, expression, left, right));
    case '/':
      return division(context, expression, left, right);
    case '%':
      checkDivision(context, expression, left, right);
      if (!isNumber(expression)) checkTrap(context, expression, left, right);
      return remainder(context, expression, left, right);
    case '<<':
      checkShiftCount(context, expression.right, right);
      if (isNumber(expression)) checkOperand(context, expression.left, left, I32);
      return isNumber(expression)
        ? belowSignBit(context, expression, shiftLeft(context, expression, left, right))
        : exact(context, expression, shiftLeft(context, expression, left, right));
    case '>>':
      checkShiftCount(context, expression.right, right);
      if (isNumber(expression)) checkOperand(context, expression.left, left, I32);
      return shiftRight(context, expression, left, right);
    case '>>>':
      checkShiftCount(context, expression.right, right);
      checkOperand(context, expression.left, left, U32);
      return shiftRight(context, expression, left, right);
    case '&':
    case '|':
    case '^':
      return isNumber(expression)
        ? numberBits(context, expression, operator, left, right)
        : bigintBits(context, expression, operator, left, right);
  }
}

/** The exact value of `-x` or `~x`. */
export function unary(context: Context, expression: ExpressionOf<'unary'>): Linear {
  const operand = context.integer(expression.operand);
  if (expression.operator === '-') return exact(context, expression, scale(operand, -1n));
  if (isNumber(expression)) checkOperand(context, expression.operand, operand, I32);
  return exact(context, expression, complement(operand));
}

/** `~x` is `-x - 1`. */
export function complement(operand: Linear): Linear {
  return plus(scale(operand, -1n), -1n);
}

/** The quotient of numbers directly below a cast, rounded towards 0. */
export function truncatedQuotient(context: Context, expression: ExpressionOf<'binary'>): Linear {
  const left = context.integer(expression.left);
  const right = context.integer(expression.right);
  checkDivision(context, expression, left, right);
  return context.note(expression, quotient(context, expression, left, right));
}

export function isNumber(expression: Expression): boolean {
  return expression.type.kind === 'integer' && expression.type.javascript === 'number';
}

/** Checks that both languages compute `value` exactly: up to 2^53, or in one type of 64 bits. */
function exact(context: Context, expression: Expression, value: Linear, range?: Range): Linear {
  const wanted = range ?? exactRange(context, expression, value);
  const formula = inside(value, wanted);
  const isProved = context.prove(formula, [{ kind: 'within', node: expression, range: wanted }], () => ({
    code: PROOF.inexact,
    at: expression.at,
    message: `${expression.text} may not fit ${isNumber(expression) ? 'a number, which is exact up to 2^53' : '64 bits'}`,
    fixes: () => fixesOfResult(context, expression),
  }));
  return isProved || entails(context.state, formula) ? value : context.fresh(expression, wanted);
}

function exactRange(context: Context, expression: Expression, value: Linear): Range {
  if (isNumber(expression)) return EXACT_NUMBER;
  return !isOfSpace(expression) && isWithin(context.rangeOf(value), I64) ? I64 : U64;
}

/** `a / b`. C divides negative bigints in i64, which does not hold its least value divided by -1. */
function division(context: Context, expression: ExpressionOf<'binary'>, left: Linear, right: Linear): Linear {
  if (isNumber(expression)) reportFraction(context, expression);
  checkDivision(context, expression, left, right);
  const isSigned = hull(context.rangeOf(left), context.rangeOf(right)).low < 0n;
  const value = quotient(context, expression, left, right);
  return exact(context, expression, value, isSigned && !isNumber(expression) ? I64 : undefined);
}

/** What mends a result that is too large or too small. */
export function fixesOfResult(context: Context, expression: Expression): readonly Fix[] {
  if (expression.kind !== 'binary') return [];
  const wraps = 'where it shall wrap around';
  const { operator, left, right } = expression;
  const wrapping = wrap(context, expression, nameOfResult(expression), wraps);
  switch (operator) {
    case '-':
      return [guards(context, expression, compare(beside(left, right), '>=', beside(right, left))), wrapping];
    case '+': {
      return [
        guards(context, expression, guardOfSum(expression)),
        instead(
          context,
          expression,
          isNumber(expression) ? 'addSat32' : 'addSat64',
          'where it shall stop at the largest value',
        ),
        wrapping,
      ];
    }
    case '*': {
      return [
        `guard both ${left.text} and ${right.text} with constants`,
        isNumber(expression) ? instead(context, expression, 'mul32', wraps) : wrapping,
      ];
    }
    default:
      return [wrapping];
  }
}

/** The function of the language that computes the operator in another way, if it takes the operands. */
function instead(
  context: Context,
  expression: ExpressionOf<'binary'>,
  name: BuiltinName,
  when: string,
): readonly Proposal[] {
  const by = builtin(name, [expression.left, expression.right], expression);
  const isTaken = [expression.left, expression.right].every(({ type }) => flows(type, by.type));
  return isTaken ? write(context, expression, by, when) : [];
}

/** Numbers hold the sums of all types; bigints may be compared with what is left below the largest. */
function guardOfSum(expression: ExpressionOf<'binary'>): Expression {
  const { left, right } = expression;
  if (isNumber(expression)) return compare(expression, '<=', integer(U32.high, expression));
  const largest = integer(U64.high, right);
  return compare(beside(left, right), '<=', binaryOf(largest, '-', beside(right, left)));
}

/** `operand` as it may be compared with `other`: an address beside a plain integer is converted. */
function beside(operand: Expression, other: Expression): Expression {
  return isAddress(operand) && !isAddress(other) ? cast('u64', operand) : operand;
}

function isAddress({ type }: Expression): boolean {
  return type.kind === 'integer' && type.name !== null && /^[gh][pv]a$/.test(type.name);
}

/** The type that a result wraps around to. */
function nameOfResult(expression: Expression): IntegerName {
  const { type } = expression;
  return type.kind === 'integer' && type.name !== null ? type.name : isNumber(expression) ? 'u32' : 'u64';
}

function isOfSpace({ type }: Expression): boolean {
  return type.kind === 'integer' && type.name !== null && /^[gh][pv]a$/.test(type.name);
}

/** Bit operators on numbers: JavaScript takes 32 bits of each operand and gives them a sign. */
function numberBits(
  context: Context,
  expression: ExpressionOf<'binary'>,
  operator: Bitwise,
  left: Linear,
  right: Linear,
): Linear {
  const [rangeLeft, rangeRight] = [context.rangeOf(left), context.rangeOf(right)];
  if (isWithin(rangeLeft, I32) && isWithin(rangeRight, I32) && (rangeLeft.low < 0n || rangeRight.low < 0n)) {
    return signedBits(context, expression, operator, left, right);
  }
  checkOperand(context, expression.left, left, ANY_32);
  checkOperand(context, expression.right, right, ANY_32);
  const value = bits(
    context,
    expression,
    operator,
    truncate(context, expression.left, left, U32),
    truncate(context, expression.right, right, U32),
  );
  return belowSignBit(context, expression, value);
}

/** Bit operators on bigints, which JavaScript takes as two's complement of endless width. */
function bigintBits(
  context: Context,
  expression: ExpressionOf<'binary'>,
  operator: Bitwise,
  left: Linear,
  right: Linear,
): Linear {
  const leftIsSigned = context.rangeOf(left).low < 0n;
  const rightIsSigned = context.rangeOf(right).low < 0n;
  if (!leftIsSigned && !rightIsSigned) return bits(context, expression, operator, left, right);
  if (operator === '&' && !leftIsSigned) {
    return bits(context, expression, '&', left, truncate(context, expression.right, right, U64));
  }
  if (operator === '&' && !rightIsSigned) {
    return bits(context, expression, '&', truncate(context, expression.left, left, U64), right);
  }
  return exact(context, expression, signedBits(context, expression, operator, left, right));
}

function signedBits(context: Context, expression: Expression, operator: Bitwise, left: Linear, right: Linear): Linear {
  const [rangeLeft, rangeRight] = [context.rangeOf(left), context.rangeOf(right)];
  const range = bitwiseRange(operator, rangeLeft, rangeRight);
  return context.derive(meaning(operator, left, right), expression, range, (value) => {
    if (operator !== '&') return [];
    return [
      ...(rangeLeft.low < 0n ? [] : [subtract(value, left)]),
      ...(rangeRight.low < 0n ? [] : [subtract(value, right)]),
    ];
  });
}

/** The result of a bit operator on values that are not negative. */
export function bits(context: Context, from: Expression, operator: Bitwise, left: Linear, right: Linear): Linear {
  switch (operator) {
    case '&':
      return bitAnd(context, from, left, right);
    case '|':
      return bitOr(context, from, left, right);
    case '^':
      return bitXor(context, from, left, right);
  }
}

function belowSignBit(context: Context, expression: ExpressionOf<'binary'>, value: Linear): Linear {
  const range = context.rangeOf(value).low < 0n ? I32 : BELOW_2_31;
  context.prove(inside(value, range), [{ kind: 'within', node: expression, range }], () => ({
    code: PROOF.signBit,
    at: expression.at,
    message: `${expression.text} may reach the sign bit of JavaScript's 32-bit operators`,
    fixes: () => [wrap(context, expression, 'u32')],
  }));
  return value;
}

/** JavaScript's bit operators take 32 bits of an operand; `range` is what they then see as it is. */
function checkOperand(context: Context, operand: Expression, value: Linear, range: Range): void {
  const isSigned = range === I32;
  context.prove(inside(value, range), [{ kind: 'within', node: operand, range }], () => ({
    code: PROOF.signBit,
    at: operand.at,
    message: `${operand.text} may not fit the 32 bits${isSigned ? ' with a sign' : ''} that JavaScript's bit operators take`,
    fixes: () => [
      guards(context, operand, compare(operand, '<=', integer(range.high, operand))),
      ...(isSigned ? ['for the high bits of a u32, use >>> instead of >>'] : []),
    ],
  }));
}

/** The count is below the width of the operand: 32 for numbers, 64 for bigints. */
export function checkShiftCount(context: Context, count: Expression, value: Linear): void {
  const width = isNumber(count) ? 32n : 64n;
  const range: Range = { low: 0n, high: width - 1n };
  context.prove(inside(value, range), [{ kind: 'within', node: count, range }], () => ({
    code: PROOF.shiftCount,
    at: count.at,
    message: `the shift count ${count.text} may not be below ${width}`,
    refuted: `the shift count ${count.text} is not below ${width}`,
    fixes: () =>
      value.terms.length === 0
        ? []
        : [
            guards(context, count, compare(count, '<', integer(width, count))),
            write(context, count, masked(count, width), 'where only its low bits count'),
          ],
  }));
}

function masked(count: Expression, width: bigint): Expression {
  const low = binaryOf({ ...count }, '&', integer(width - 1n, count));
  return { ...low, text: `(${low.text})` };
}

/** `-2^63 % -1n` is 0n in JavaScript, and a trap in C. Numbers are divided in a wider type (emit/arithmetic.ts). */
function checkTrap(context: Context, expression: ExpressionOf<'binary'>, left: Linear, right: Linear): void {
  const minusOne = constant(-1n);
  const isSafe: Formula = { kind: 'any', parts: [negate(equals(right, minusOne)), less(constant(I64.low), left)] };
  context.prove(isSafe, [{ kind: 'divides', node: expression }], () => ({
    code: PROOF.inexact,
    at: expression.at,
    message: `${expression.text} may divide the least i64 by -1n, at which the processor traps`,
    fixes: () => [guards(context, expression.right, compare(expression.right, '!==', integer(-1n, expression.right)))],
  }));
}

function checkDivision(context: Context, expression: ExpressionOf<'binary'>, left: Linear, right: Linear): void {
  checkDivisor(context, expression, right);
  checkCommonType(context, expression, left, right);
}

function checkDivisor(context: Context, { right: divisor }: ExpressionOf<'binary'>, value: Linear): void {
  context.prove(negate(equals(value, ZERO)), [{ kind: 'notZero', node: divisor }], () => ({
    code: PROOF.divisor,
    at: divisor.at,
    message: `the divisor ${divisor.text} may be 0`,
    refuted: `the divisor ${divisor.text} is 0`,
    fixes: () => [guards(context, divisor, compare(divisor, '!==', integer(0n, divisor)))],
  }));
}

/** C converts both operands to one type; it must hold both values. */
export function checkCommonType(
  context: Context,
  expression: ExpressionOf<'binary'> | ExpressionOf<'compare'>,
  left: Linear,
  right: Linear,
): void {
  const both = hull(context.rangeOf(left), context.rangeOf(right));
  if (isWithin(both, U64) || isWithin(both, I64)) return;
  const unsigned: Formula = { kind: 'all', parts: [inside(left, U64), inside(right, U64)] };
  const claims: readonly Claim[] = [
    { kind: 'within', node: expression.left, range: U64 },
    { kind: 'within', node: expression.right, range: U64 },
  ];
  context.prove(unsigned, claims, () => ({
    code: PROOF.mixedSigns,
    at: expression.at,
    message: `no C type holds all values of both ${expression.left.text} and ${expression.right.text}`,
    fixes: () => [
      [expression.left, expression.right].flatMap((operand) =>
        guards(context, operand, compare(operand, '>=', integer(0n, operand))),
      ),
    ],
  }));
}

/** C converts both alternatives of a conditional to one type; it must hold both. */
export function checkAlternatives(context: Context, expression: ExpressionOf<'conditional'>, value: Linear): Linear {
  const range = context.rangeOf(value);
  if (isWithin(range, U64) || isWithin(range, I64)) return value;
  context.prove(inside(value, U64), [{ kind: 'within', node: expression, range: U64 }], () => ({
    code: PROOF.mixedSigns,
    at: expression.at,
    message: `no C type holds all values of both ${expression.then.text} and ${expression.otherwise.text}`,
    fixes: () => ['guard the negative values first, then convert with u64(...)'],
  }));
  return value;
}

function reportFraction(context: Context, expression: ExpressionOf<'binary'>): void {
  context.prove(FALSE, [{ kind: 'never', node: expression }], () => ({
    code: PROOF.fraction,
    at: expression.at,
    message: `${expression.text} may be a fraction in JavaScript`,
    fixes: () => [wrap(context, expression, 'u32')],
  }));
}
