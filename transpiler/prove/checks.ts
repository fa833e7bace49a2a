/** Checks of whole values: that they fit their place, and that an index is in bounds. */
import { PROOF } from '../diagnostics/proof.js';
import { rangeOfName } from '../ir/integers.js';
import type { Expression } from '../ir/nodes.js';
import type { IntegerName, Range, Type } from '../ir/types.js';
import { both, cast, compare, digits, integer } from './fixes/build.js';
import type { Context, Failure } from './context.js';
import { spell } from './describe.js';
import { guards, requirement, write } from './proposals.js';
import { inside } from './domain/formula.js';
import type { Linear } from './domain/linear.js';
import { rangeOfType } from './domain/range.js';
import type { Fix } from './fixes/trial.js';

/** Proves that a value fits `range`; `name` says what of. */
export function checkFits(context: Context, expression: Expression, value: Linear, range: Range, name: string): void {
  const { text } = expression;
  check(context, expression, value, range, {
    message: `${text} may not fit ${name}`,
    refuted: beyond(text, value, range, name) ?? `${text} does not fit ${name}`,
    fixes: () => fixesOfFit(context, expression, value, range, name),
  });
}

/** Proves that a value fits the type of its place. */
export function checkFitsType(context: Context, expression: Expression, value: Linear, type: Type): void {
  if (type.kind !== 'integer') return;
  const range = rangeOfType(type);
  if (type.members === null) {
    checkFits(context, expression, value, range, spell(type));
    return;
  }
  const values = `the enum's values (${digits(range.low)} to ${digits(range.high)})`;
  check(context, expression, value, range, {
    message: `${expression.text} may be none of ${values}`,
    refuted: `${expression.text} is none of ${values}`,
    fixes: () => ['choose a member of the enum for each value with a switch'],
  });
}

function check(
  context: Context,
  expression: Expression,
  value: Linear,
  range: Range,
  says: Pick<Failure, 'message' | 'refuted' | 'fixes'>,
): void {
  const claims = [{ kind: 'within', node: expression, range }] as const;
  context.prove(inside(value, range), claims, () => ({ code: PROOF.doesNotFit, at: expression.at, ...says }));
}

/** What is wrong with a value that is always the same; null where it is not. */
function beyond(text: string, { terms, constant }: Linear, { low, high }: Range, name: string): string | null {
  if (terms.length > 0) return null;
  const value = /^-?[\d_]+n?$/.test(text) ? text : `${text}, which is ${digits(constant)},`;
  if (!/^[ui]\d+$/.test(name)) return `${value} does not fit ${name}`;
  return constant > high
    ? `${value} is above ${digits(high)}, the most that ${name} holds`
    : `${value} is below ${digits(low)}, the least that ${name} holds`;
}

function fixesOfFit(
  context: Context,
  expression: Expression,
  { terms }: Linear,
  range: Range,
  name: string,
): readonly Fix[] {
  if (terms.length === 0) return [];
  const isType = /^[ui]\d+$/.test(name);
  return [
    isType && isOtherType(expression, range)
      ? []
      : guards(context, expression, ...conditionsOfRange(expression, range)),
    isType ? write(context, expression, cast(name as IntegerName, expression), 'where only the low bits count') : [],
  ];
}

/** Whether TypeScript refuses a value of this type where `range` is wanted, whatever is known of it. Operators give plain numbers. */
function isOtherType({ kind, type }: Expression, range: Range): boolean {
  if (kind === 'binary' || kind === 'unary' || type.kind !== 'integer' || type.name === null) return false;
  const { low, high } = rangeOfName(type.name);
  return low < range.low || high > range.high;
}

/** Conditions that each may be what is missing for a value to be in the range. */
export function conditionsOfRange(expression: Expression, { low, high }: Range): readonly Expression[] {
  const least = compare(expression, '>=', integer(low, expression));
  const most = compare(expression, '<=', integer(high, expression));
  const difference =
    expression.kind === 'binary' && expression.operator === '-' && low === 0n
      ? [compare(expression.left, '>=', expression.right)]
      : [];
  return [...difference, most, least, both(least, most)];
}

/** `0 <= index < length`. */
export function checkIndex(context: Context, index: Expression, length: number, known: string): void {
  const value = context.integer(index);
  const range: Range = { low: 0n, high: BigInt(length) - 1n };
  context.prove(inside(value, range), [{ kind: 'within', node: index, range }], () => ({
    code: PROOF.index,
    at: index.at,
    message: 'index may be out of bounds',
    refuted: `${index.text} is out of bounds`,
    known: [known],
    fixes: () => guardsOrRequires(context, index, ...conditionsOfIndex(index, length)),
  }));
}

function conditionsOfIndex(index: Expression, length: number): readonly Expression[] {
  const isBelow = compare(index, '<', integer(BigInt(length), index));
  const isNotNegative = compare(index, '>=', integer(0n, index));
  return [isBelow, isNotNegative, both(isNotNegative, isBelow)];
}

/** How to make one of the conditions known where `node` stands. */
export function guardsOrRequires(
  context: Context,
  node: Expression,
  ...conditions: readonly Expression[]
): readonly Fix[] {
  return [guards(context, node, ...conditions), conditions.flatMap((condition) => requirement(context, condition))];
}
