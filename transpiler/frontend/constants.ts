/**
 * Values known at build. Expressions of constants are evaluated as JavaScript would; where the
 * exact result and JavaScript's differ, the constant is refused.
 */
import type { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { Expression, ExpressionOf } from '../ir/nodes.js';
import type { IntegerName } from '../ir/types.js';
import { type Context, refuse } from './context.js';
import { expressionOf } from './expressions.js';

export type Value = bigint | boolean | string;

const SAFE = 2n ** 53n;

/** The integer that `node` is. */
export function constantInteger(context: Context, node: ts.Expression): bigint {
  const value = evaluate(context, node, expressionOf(context, node));
  return typeof value === 'bigint'
    ? value
    : refuse(context, node, SUBSET.constantValue, 'an integer constant stands here');
}

/** The value of `expression`, whose source is `node`. Sets the range of each integer in it. */
export function evaluate(context: Context, node: ts.Node, expression: Expression): Value {
  const value = compute(context, node, expression);
  if (typeof value === 'bigint') expression.range = { low: value, high: value };
  return value;
}

function compute(context: Context, node: ts.Node, expression: Expression): Value {
  const integer = (part: Expression): bigint => {
    const value = evaluate(context, node, part);
    return typeof value === 'bigint' ? value : refuse(context, node, SUBSET.constantValue, 'an integer stands here');
  };
  switch (expression.kind) {
    case 'integer':
    case 'boolean':
    case 'string':
      return expression.value;
    case 'constant':
      return expression.constant.value;
    case 'not':
      return !evaluate(context, node, expression.operand);
    case 'logical': {
      const left = evaluate(context, node, expression.left);
      const right = evaluate(context, node, expression.right);
      return expression.operator === '&&' ? left && right : left || right;
    }
    case 'conditional': {
      const then = evaluate(context, node, expression.then);
      const otherwise = evaluate(context, node, expression.otherwise);
      return evaluate(context, node, expression.test) ? then : otherwise;
    }
    case 'compare':
      return compare(expression.operator, integer(expression.left), integer(expression.right));
    case 'cast':
      return cast(expression.to, castOperand(context, node, expression.operand));
    case 'unary': {
      const operand = integer(expression.operand);
      return fitting(context, node, expression, expression.operator === '-' ? -operand : ~operand);
    }
    case 'binary': {
      const right = integer(expression.right);
      if (right === 0n && (expression.operator === '/' || expression.operator === '%'))
        return refuse(context, node, SUBSET.constantValue, 'this constant divides by zero');
      const left = integer(expression.left);
      if (isFraction(expression, left, right))
        return refuse(
          context,
          node,
          SUBSET.constantValue,
          `${expression.text} has a fraction`,
          `write u32(${expression.text})`,
        );
      return fitting(context, node, expression, binary(expression.operator, left, right));
    }
    default:
      return refuse(context, node, SUBSET.constantValue, `${expression.text} is not known at build`);
  }
}

function isFraction(expression: ExpressionOf<'binary'>, left: bigint, right: bigint): boolean {
  const isNumber = expression.type.kind === 'integer' && expression.type.javascript === 'number';
  return expression.operator === '/' && isNumber && !expression.wraps && left % right !== 0n;
}

/** The value below a cast, which drops the fraction of a quotient. */
function castOperand(context: Context, node: ts.Node, operand: Expression): bigint {
  const isQuotient = operand.kind === 'binary' && operand.operator === '/';
  const value = evaluate(context, node, isQuotient ? { ...operand, wraps: true } : operand);
  return typeof value === 'bigint' ? value : BigInt(value === true);
}

/** Refuses `exact` where JavaScript's numbers would give something else. */
function fitting(
  context: Context,
  node: ts.Node,
  expression: Extract<Expression, { kind: 'unary' | 'binary' }>,
  exact: bigint,
): bigint {
  if (expression.wraps || expression.type.kind !== 'integer' || expression.type.javascript === 'bigint') return exact;
  const isBits = '&|^~<<>>'.includes(expression.operator) && expression.operator !== '>>>';
  const fits = isBits ? BigInt.asIntN(32, exact) === exact : -SAFE <= exact && exact <= SAFE;
  return fits
    ? exact
    : refuse(
        context,
        node,
        SUBSET.constantValue,
        `${expression.text} is ${exact}, which JavaScript's 32-bit operators do not give`,
        `write u32(${expression.text}), or use bigint`,
      );
}

function compare(operator: string, left: bigint, right: bigint): boolean {
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '===':
      return left === right;
    default:
      return left !== right;
  }
}

function binary(operator: string, left: bigint, right: bigint): bigint {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '<<':
      return left << right;
    default:
      return left >> right;
  }
}

/** `value` as the cast to `name` gives it. */
function cast(name: IntegerName, value: bigint): bigint {
  const width = { u8: 8, i8: 8, u16: 16, i16: 16, u32: 32, i32: 32 }[name as string] ?? 64;
  return name.startsWith('i') ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
}
