/** Checks of whole values: that they fit their place, and that an index is in bounds. */
import { PROOF } from '../diagnostics/proof.js';
import type { Expression } from '../ir/nodes.js';
import type { Range, Type } from '../ir/types.js';
import { fixesOfResult } from './arithmetic.js';
import type { Context } from './context.js';
import { spell } from './describe.js';
import { guard } from './fixes.js';
import { inside } from './domain/formula.js';
import type { Linear } from './domain/linear.js';
import { rangeOfType } from './domain/range.js';

/** Proves that a value fits `range`; `name` says what of. */
export function checkFits(context: Context, expression: Expression, value: Linear, range: Range, name: string): void {
  context.prove(inside(value, range), [{ kind: 'within', node: expression, range }], () => ({
    code: PROOF.doesNotFit,
    at: expression.at,
    message: `${expression.text} may not fit ${name}`,
    fixes: fixesOfFit(expression, range, name),
  }));
}

function fixesOfFit(expression: Expression, range: Range, name: string): readonly string[] {
  if (expression.kind === 'binary' && expression.operator === '-' && range.low === 0n) return fixesOfResult(expression);
  const suffix = expression.type.kind === 'integer' && expression.type.javascript === 'bigint' ? 'n' : '';
  const fixes = guard(`${expression.text} <= ${range.high}${suffix}`, [expression]);
  const isType = /^[ui]\d+$/.test(name);
  return isType ? [...fixes, `where only the low bits count, write  ${name}(${expression.text})`] : fixes;
}

/** Proves that a value fits the type of its place. */
export function checkFitsType(context: Context, expression: Expression, value: Linear, type: Type): void {
  if (type.kind === 'integer') checkFits(context, expression, value, rangeOfType(type), spell(type));
}

/** `0 <= index < length`. */
export function checkIndex(context: Context, index: Expression, length: number, known: string): void {
  const value = context.integer(index);
  const range: Range = { low: 0n, high: BigInt(length) - 1n };
  context.prove(inside(value, range), [{ kind: 'within', node: index, range }], () => ({
    code: PROOF.index,
    at: index.at,
    message: 'index may be out of bounds',
    known: [known],
    fixes: guards(context, `${index.text} < ${length}`, [index]),
  }));
}

/** How to make `condition`, which speaks of `operands`, known. */
export function guards(context: Context, condition: string, operands: readonly Expression[]): readonly string[] {
  const fixes = guard(condition, operands);
  return operands.every((operand) => speaksOfParameters(context, operand))
    ? [...fixes, `or  requires(${condition})`]
    : fixes;
}

function speaksOfParameters(context: Context, expression: Expression): boolean {
  switch (expression.kind) {
    case 'variable':
      return context.function.parameters.includes(expression.variable);
    case 'integer':
    case 'constant':
      return true;
    case 'binary':
      return speaksOfParameters(context, expression.left) && speaksOfParameters(context, expression.right);
    case 'bytesLength':
    case 'stringLength':
      return speaksOfParameters(context, expression.base);
    default:
      return false;
  }
}
