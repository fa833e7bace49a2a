/** The values of expressions. */
import { rangeOfName } from '../ir/integers.js';
import type { Expression, ExpressionOf } from '../ir/nodes.js';
import { arrayElement, bytesPart, bytesRead, character, checkedWindow, listElement, memoryRange } from './access.js';
import { binary, checkAlternatives, unary } from './arithmetic.js';
import { builtin, callInteger } from './calls.js';
import { checkFits } from './checks.js';
import { choose } from './conditions.js';
import type { Context } from './context.js';
import { ANYTHING, constant, ZERO, type Linear } from './domain/linear.js';
import { cast } from './modular.js';

/** The value of an expression; of Bytes and strings, the length. */
export function valueOf(context: Context, expression: Expression): Linear {
  switch (expression.kind) {
    case 'integer':
      return constant(expression.value);
    case 'string':
      return constant(BigInt(expression.value.length));
    case 'constant':
      return constantValue(expression.constant.value);
    case 'variable':
      return context.state.integers.get(expression.variable) ?? context.unknown(expression);
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
      return context.integer(expression.base);
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
      context.visit(expression.base);
      return expression.type.kind === 'integer' ? context.fresh(expression, memoryRange(expression)) : ZERO;
    case 'physical':
      checkFits(context, expression.address, context.integer(expression.address), rangeOfName('hpa'), 'Hpa');
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
  const then = (): Linear => context.integer(expression.then);
  const otherwise = (): Linear => context.integer(expression.otherwise);
  return checkAlternatives(context, expression, choose(context, expression, then, otherwise));
}

function constantValue(value: bigint | boolean | string): Linear {
  if (typeof value === 'bigint') return constant(value);
  return typeof value === 'string' ? constant(BigInt(value.length)) : ZERO;
}
