/** The values of expressions. */
import { rangeOfName } from '../ir/integers.js';
import type { Expression, ExpressionOf } from '../ir/nodes.js';
import { arrayElement, bytesPart, bytesRead, character, checkedWindow, listElement, memoryRange } from './access.js';
import { binary, checkAlternatives, unary } from './arithmetic.js';
import { builtin, callInteger, checkFits } from './calls.js';
import { choose, condition } from './conditions.js';
import type { Context } from './context.js';
import { ANYTHING, constant, ZERO, type Linear } from './linear.js';
import { cast } from './modular.js';
import { numbersOf } from './range.js';

/** The value of an integer expression; of Bytes and strings, the length. */
export function integer(context: Context, expression: Expression): Linear {
  return context.note(expression, valueOf(context, expression));
}

/** Goes through an expression of any type, for what must be proved in it. */
export function visit(context: Context, expression: Expression): void {
  if (expression.type.kind === 'boolean') condition(context, expression);
  else integer(context, expression);
}

function valueOf(context: Context, expression: Expression): Linear {
  switch (expression.kind) {
    case 'integer':
      return constant(expression.value);
    case 'string':
      return constant(BigInt(expression.value.length));
    case 'constant':
      return constantValue(expression.constant.value);
    case 'variable':
      return context.state.integers.get(expression.variable) ?? unknownValue(context, expression);
    case 'unary':
      return unary(context, expression);
    case 'binary':
      return binary(context, expression);
    case 'conditional':
      return conditional(context, expression);
    case 'cast':
      return cast(context, expression);
    case 'builtin':
      return builtin(context, expression);
    case 'call':
      return callInteger(context, expression);
    case 'bytesLength':
    case 'stringLength':
      return integer(context, expression.base);
    case 'bytesPart':
      return bytesPart(context, expression);
    case 'window':
      return checkedWindow(context, expression);
    case 'element':
      return arrayElement(context, expression);
    case 'listGet':
      return listElement(context, expression);
    case 'charCode':
      return character(context, expression);
    case 'bytesRead':
      return bytesRead(context, expression);
    case 'field':
    case 'bits':
    case 'bytesStart':
    case 'addressOf':
      visit(context, expression.base);
      return expression.type.kind === 'integer' ? context.fresh(expression, memoryRange(expression)) : ZERO;
    case 'physical':
      checkFits(context, expression.address, integer(context, expression.address), rangeOfName('hpa'), 'Hpa');
      return ZERO;
    case 'null':
      return ANYTHING;
    case 'boolean':
    case 'compare':
    case 'isNull':
    case 'logical':
    case 'not':
    case 'instance':
    case 'local':
      return ZERO;
  }
}

function conditional(context: Context, expression: ExpressionOf<'conditional'>): Linear {
  const then = (): Linear => integer(context, expression.then);
  const otherwise = (): Linear => integer(context, expression.otherwise);
  return checkAlternatives(context, expression, choose(context, expression, then, otherwise));
}

function constantValue(value: bigint | boolean | string): Linear {
  if (typeof value === 'bigint') return constant(value);
  return typeof value === 'string' ? constant(BigInt(value.length)) : ZERO;
}

/** A value that nothing is known of but its type. */
export function unknownValue(context: Context, expression: Expression): Linear {
  const range = numbersOf(expression.type);
  return range === null ? ZERO : context.fresh(expression, range);
}
