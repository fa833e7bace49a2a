/**
 * Values known at build. They obey the same rules as operators in functions: each operand and result is one that
 * JavaScript and C both compute exactly. The result is then compared with JavaScript's own (script.ts).
 */
import type { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { rangeOfName } from '../ir/integers.js';
import type { Expression, ExpressionOf } from '../ir/nodes.js';
import type { IntegerName, Range } from '../ir/types.js';
import { type Context, refuse } from './context.js';

export type Value = bigint | boolean | string;

/** The integers that a JavaScript number holds exactly, and tells apart from their neighbours. */
const EXACT_NUMBER: Range = { low: 1n - 2n ** 53n, high: 2n ** 53n - 1n };
/** What some 64-bit type of C holds. */
const I64 = rangeOfName('i64');
const U64 = rangeOfName('u64');
const ANY_64: Range = { low: I64.low, high: U64.high };
const I32 = rangeOfName('i32');
const U32 = rangeOfName('u32');
/** What JavaScript's bit operators take whole, though they may see another sign. */
const ANY_32: Range = { low: I32.low, high: U32.high };

/** The integer that `node` is. */
export function constantInteger(context: Context, node: ts.Expression): bigint {
  const value = evaluate(context, node, context.lower.expression(node));
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
    case 'compare': {
      const left = integer(context, node, expression.left);
      const right = integer(context, node, expression.right);
      requireOneType(context, node, expression, left, right);
      return compare(expression.operator, left, right);
    }
    case 'cast':
      return cast(expression.to, castOperand(context, node, expression.operand));
    case 'unary':
      return unary(context, node, expression);
    case 'binary':
      return binary(context, node, expression);
    default:
      return refuse(context, node, SUBSET.constantValue, `${expression.text} is not known at build`);
  }
}

/** An operand: some type of C holds it. */
function integer(context: Context, node: ts.Node, part: Expression): bigint {
  const value = evaluate(context, node, part);
  if (typeof value !== 'bigint') return refuse(context, node, SUBSET.constantValue, 'an integer stands here');
  if (!isNumber(part) && !fits(value, ANY_64))
    refuse(context, node, SUBSET.constantValue, `${part.text} is ${value}, which no 64 bits hold`);
  return value;
}

/** Quotients, remainders and comparisons differ where the operands are converted, as C does to those of two signs. */
function requireOneType(
  context: Context,
  node: ts.Node,
  { left: leftPart, right: rightPart }: ExpressionOf<'compare'> | ExpressionOf<'binary'>,
  left: bigint,
  right: bigint,
): void {
  if ([I64, U64].some((type) => fits(left, type) && fits(right, type))) return;
  const problem = `no C type holds both ${leftPart.text} and ${rightPart.text}`;
  refuse(context, node, SUBSET.constantValue, problem, 'convert one of them: a cast says to what');
}

/** The value below a cast, which drops the fraction of a quotient. */
function castOperand(context: Context, node: ts.Node, operand: Expression): bigint {
  const isQuotient = operand.kind === 'binary' && operand.operator === '/';
  const value = evaluate(context, node, isQuotient ? { ...operand, wraps: true } : operand);
  return typeof value === 'bigint' ? value : BigInt(value === true);
}

function unary(context: Context, node: ts.Node, expression: ExpressionOf<'unary'>): bigint {
  const operand = integer(context, node, expression.operand);
  if (expression.operator === '-') return fitting(context, node, expression, -operand);
  if (isNumber(expression)) require(context, node, expression.operand, operand, expression.wraps ? ANY_32 : I32);
  return fitting(context, node, expression, ~operand);
}

function binary(context: Context, node: ts.Node, expression: ExpressionOf<'binary'>): bigint {
  const { operator } = expression;
  const left = integer(context, node, expression.left);
  const right = integer(context, node, expression.right);
  const isDivision = operator === '/' || operator === '%';
  if (isDivision && right === 0n) refuse(context, node, SUBSET.constantValue, 'this constant divides by zero');
  if (operator === '/' && isNumber(expression) && !expression.wraps && left % right !== 0n)
    refuse(context, node, SUBSET.constantValue, `${expression.text} has a fraction`, `write u32(${expression.text})`);
  checkOperands(context, node, expression, left, right);
  return fitting(context, node, expression, apply(operator, left, right));
}

/** Bit operators on numbers see 32 bits, and counts of shifts are taken modulo the width. */
function checkOperands(
  context: Context,
  node: ts.Node,
  expression: ExpressionOf<'binary'>,
  left: bigint,
  right: bigint,
): void {
  const { operator, left: leftPart, right: rightPart } = expression;
  const numbers = isNumber(leftPart) && expression.type.kind === 'integer' && expression.type.javascript === 'number';
  switch (operator) {
    case '<<':
    case '>>':
    case '>>>':
      require(context, node, rightPart, right, { low: 0n, high: numbers ? 31n : 63n });
      if (!numbers) return;
      if (operator === '>>>') require(context, node, leftPart, left, U32);
      else require(context, node, leftPart, left, expression.wraps ? ANY_32 : I32);
      return;
    case '&':
    case '|':
    case '^':
      if (!numbers) return;
      require(context, node, leftPart, left, ANY_32);
      require(context, node, rightPart, right, ANY_32);
      return;
    case '/':
    case '%':
      requireOneType(context, node, expression, left, right);
      return;
    default:
      return;
  }
}

function require(context: Context, node: ts.Node, part: Expression, value: bigint, range: Range): void {
  if (fits(value, range)) return;
  refuse(
    context,
    node,
    SUBSET.constantValue,
    `${part.text} is ${value}, of which this operator does not see all bits`,
    'use bigint, or a smaller value',
  );
}

/** Refuses `exact` where JavaScript gives something else, or no type of C holds it. */
function fitting(
  context: Context,
  node: ts.Node,
  expression: ExpressionOf<'unary'> | ExpressionOf<'binary'>,
  exact: bigint,
): bigint {
  const isBits = '&|^~<<>>'.includes(expression.operator);
  const range = !isNumber(expression) ? ANY_64 : isBits && !expression.wraps ? I32 : EXACT_NUMBER;
  if (fits(exact, range) || (expression.wraps && !isNumber(expression))) return exact;
  return refuse(
    context,
    node,
    SUBSET.constantValue,
    isNumber(expression)
      ? `${expression.text} is ${exact}, which JavaScript's numbers do not give`
      : `${expression.text} is ${exact}, which no 64 bits hold`,
    `write ${isNumber(expression) ? 'u32' : 'u64'}(${expression.text})${isNumber(expression) ? ', or use bigint' : ''}`,
  );
}

function fits(value: bigint, { low, high }: Range): boolean {
  return value >= low && value <= high;
}

function isNumber(expression: Pick<Expression, 'type'>): boolean {
  return expression.type.kind === 'integer' && expression.type.javascript === 'number';
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

function apply(operator: string, left: bigint, right: bigint): bigint {
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
