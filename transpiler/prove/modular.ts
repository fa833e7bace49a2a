/** Casts, and the operators directly below them that may wrap around. */
import { PROOF } from '../diagnostics/proof.js';
import { rangeOfName } from '../ir/integers.js';
import type { Expression, ExpressionOf } from '../ir/nodes.js';
import type { Claim } from '../ir/obligations.js';
import type { IntegerName, Range } from '../ir/types.js';
import { bits, checkShiftCount, complement, fixesOfResult, isNumber, truncatedQuotient } from './arithmetic.js';
import { choose } from './conditions.js';
import type { Context } from './context.js';
import { product, shiftLeft, truncate } from './derive.js';
import { knownFacts } from './describe.js';
import { FALSE, TRUE } from './domain/formula.js';
import { add, scale, subtract, type Linear } from './domain/linear.js';
import { BELOW_2_31, EXACT_NUMBER, hull, I32, isWithin, multiplyRanges, U32, U64 } from './domain/range.js';

/**
 * An operand that counts modulo 2^32 (numbers) or 2^64 (bigints): `value` is congruent to it.
 * `script` bounds what JavaScript computes for it, which must stay exact.
 */
interface Modular {
  readonly value: Linear;
  readonly script: Range;
}

const BOOLEAN: Range = { low: 0n, high: 1n };

/** `u32(operand)` and the like. */
export function cast(context: Context, expression: ExpressionOf<'cast'>): Linear {
  const { operand, to } = expression;
  if (operand.type.kind === 'boolean') {
    context.condition(operand);
    return context.fresh(expression, BOOLEAN);
  }
  return truncate(context, expression, castOperand(context, operand, to), rangeOfName(to));
}

/** A number becomes 64 bits wide as what JavaScript computed, so the operators below must be exact. */
function castOperand(context: Context, operand: Expression, to: IntegerName): Linear {
  const isWide = rangeOfName(to).high > U32.high;
  if (isWide && isNumber(operand)) return context.integer(operand);
  if (operand.kind === 'binary' && operand.operator === '/' && isNumber(operand)) {
    return truncatedQuotient(context, operand);
  }
  return modular(context, operand).value;
}

function modular(context: Context, written: Expression): Modular {
  const expression = context.standing(written);
  const result = modularOperator(context, expression);
  if (result === null) {
    const value = context.integer(expression);
    return { value, script: context.rangeOf(value) };
  }
  if (isNumber(expression)) checkScript(context, expression, result);
  context.noteRange(expression, result.script);
  return result;
}

/** The value of an operator that may wrap around, null for all other expressions. */
function modularOperator(context: Context, expression: Expression): Modular | null {
  switch (expression.kind) {
    case 'unary':
      return expression.wraps ? modularUnary(context, expression) : null;
    case 'binary':
      return expression.wraps ? modularBinary(context, expression) : null;
    case 'conditional':
      return expression.wraps ? modularConditional(context, expression) : null;
    default:
      return null;
  }
}

function modularUnary(context: Context, expression: ExpressionOf<'unary'>): Modular {
  const operand = modular(context, expression.operand);
  if (expression.operator === '~') return ofBits(context, expression, complement(operand.value));
  const { low, high } = operand.script;
  return { value: scale(operand.value, -1n), script: { low: -high, high: -low } };
}

function modularBinary(context: Context, expression: ExpressionOf<'binary'>): Modular {
  const { operator } = expression;
  const left = modular(context, expression.left);
  if (operator === '<<') return modularShift(context, expression, left);
  const right = modular(context, expression.right);
  const [a, b] = [left.script, right.script];
  switch (operator) {
    case '+':
      return { value: add(left.value, right.value), script: { low: a.low + b.low, high: a.high + b.high } };
    case '-':
      return { value: subtract(left.value, right.value), script: { low: a.low - b.high, high: a.high - b.low } };
    case '*':
      return { value: product(context, expression, left.value, right.value), script: multiplyRanges(a, b) };
    case '&':
    case '|':
    case '^': {
      const width = isNumber(expression) ? U32 : U64;
      const leftBits = truncate(context, expression.left, left.value, width);
      const rightBits = truncate(context, expression.right, right.value, width);
      return ofBits(context, expression, bits(context, expression, operator, leftBits, rightBits));
    }
    default:
      throw new TypeError(`${operator} does not wrap around`);
  }
}

function modularShift(context: Context, expression: ExpressionOf<'binary'>, left: Modular): Modular {
  const count = context.integer(expression.right);
  checkShiftCount(context, expression.right, count);
  return ofBits(context, expression, shiftLeft(context, expression, left.value, count));
}

function modularConditional(context: Context, expression: ExpressionOf<'conditional'>): Modular {
  let script: Range | null = null;
  const branch = (alternative: Expression) => (): Linear => {
    const result = modular(context, alternative);
    script = script === null ? result.script : hull(script, result.script);
    return result.value;
  };
  const value = choose(context, expression, branch(expression.then), branch(expression.otherwise));
  return { value, script: script ?? context.rangeOf(value) };
}

/** What JavaScript's bit operators give: of numbers, 32 bits with a sign. */
function ofBits(context: Context, expression: Expression, value: Linear): Modular {
  const range = context.rangeOf(value);
  return { value, script: !isNumber(expression) || isWithin(range, BELOW_2_31) ? range : I32 };
}

/** Numbers are exact up to 2^53 only, also where the result counts modulo 2^32. */
function checkScript(context: Context, expression: Expression, { value, script }: Modular): void {
  const claim: Claim = { kind: 'within', node: expression, range: EXACT_NUMBER };
  context.prove(isWithin(script, EXACT_NUMBER) ? TRUE : FALSE, [claim], () => ({
    code: PROOF.inexact,
    at: expression.at,
    message: `${expression.text} may be above 2^53, where numbers are not exact`,
    known: knownFacts(context.state, [value]),
    fixes: () => fixesOfResult(context, expression),
  }));
}
