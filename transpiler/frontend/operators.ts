/** The types of operators: what plain TypeScript calls `number` and `bigint`, kept apart. */
import type { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { holdsMembers } from '../ir/integers.js';
import type { BinaryOperator, Expression } from '../ir/nodes.js';
import type { IntegerName, IntegerType } from '../ir/types.js';
import { type Context, refuse } from './context.js';
import { BIGINT_NAMES, integerType } from './types.js';

const SPACES: ReadonlySet<string> = new Set(['gpa', 'hpa', 'gva', 'hva']);

/** The address space of a type, null for other integers. */
function spaceOf(type: IntegerType): IntegerName | null {
  return type.name !== null && SPACES.has(type.name) ? type.name : null;
}

/** The type of `left operator right`. */
export function binaryType(
  context: Context,
  node: ts.Node,
  operator: BinaryOperator,
  left: IntegerType,
  right: IntegerType,
): IntegerType {
  if (left.javascript !== right.javascript)
    refuse(context, node, SUBSET.addressSpace, 'a number and a bigint do not mix');
  const from = spaceOf(left);
  const to = spaceOf(right);
  if (from === null && to === null) return joined(left, right);
  if (operator === '-' && from !== null && from === to) return integerType('u64');
  if ('&|^+'.includes(operator)) {
    if (from !== null && to !== null && (operator === '+' || from !== to))
      return refuse(context, node, SUBSET.addressSpace, `${spell(from)} ${operator} ${spell(to)} has no meaning`);
    return integerType(from ?? to ?? 'u64');
  }
  if (operator === '-' && from !== null && to === null) return integerType(from);
  if ((operator === '%' || operator === '/' || operator === '>>') && to === null) return integerType('u64');
  return refuse(
    context,
    node,
    SUBSET.addressSpace,
    `${operator} is not for ${from === null ? 'a plain integer' : spell(from)} and ${to === null ? 'a plain integer' : spell(to)}`,
    'convert with u64(...) first',
  );
}

/** Refuses operands of a comparison that are not of one kind. */
export function checkComparable(context: Context, node: ts.Node, left: IntegerType, right: IntegerType): void {
  if (left.javascript !== right.javascript)
    refuse(context, node, SUBSET.addressSpace, 'a number and a bigint do not compare');
  if (left.name === null || right.name === null) return;
  const [from, to] = [spaceOf(left), spaceOf(right)];
  if (from !== to)
    refuse(
      context,
      node,
      SUBSET.addressSpace,
      `${spell(left.name)} and ${spell(right.name)} do not compare`,
      'convert with u64(...) first',
    );
}

/** Refuses a value of another address space than `target`. */
export function checkSpace(context: Context, node: ts.Node, target: IntegerType, value: IntegerType): void {
  if (value.name === null || value.javascript !== target.javascript || spaceOf(target) === spaceOf(value)) return;
  const wanted = target.name ?? 'u64';
  refuse(
    context,
    node,
    SUBSET.addressSpace,
    `${spell(value.name)} is not ${spell(wanted)}`,
    `where that is meant, convert with ${wanted}(...)`,
  );
}

/** The type that holds both alternatives of a conditional. */
export function conditionalType(
  context: Context,
  node: ts.Node,
  then: IntegerType,
  otherwise: IntegerType,
): IntegerType {
  if (then.javascript !== otherwise.javascript)
    refuse(context, node, SUBSET.addressSpace, 'a number and a bigint do not mix');
  if (then.name !== null && otherwise.name !== null) checkSpace(context, node, then, otherwise);
  if (then.members === null || otherwise.members === null) return joined(then, otherwise);
  const members = [...new Set([...then.members, ...otherwise.members])].sort((a, b) => (a < b ? -1 : 1));
  const both: IntegerType = { ...joined(then, otherwise), members };
  return holdsMembers(both) ? both : { ...both, members: null };
}

/** The type that both operands fit in; without a name if no declared type holds both. */
function joined(left: IntegerType, right: IntegerType): IntegerType {
  const { javascript } = left;
  const name = left.name === null ? right.name : right.name === null ? left.name : joinedName(left.name, right.name);
  return { kind: 'integer', javascript, name, members: null };
}

function joinedName(left: IntegerName, right: IntegerName): IntegerName | null {
  if (left === right) return left;
  if (BIGINT_NAMES.has(left) || left[0] !== right[0]) return null;
  return Number(left.slice(1)) > Number(right.slice(1)) ? left : right;
}

/** How programs write the name of a type. */
export function spell(name: IntegerName): string {
  return SPACES.has(name) ? `${name[0]?.toUpperCase()}${name.slice(1)}` : name;
}

/** An expression's integer type, or a refusal that says what stands there instead. */
export function integerTypeOf(context: Context, node: ts.Node, expression: Expression): IntegerType {
  return expression.type.kind === 'integer'
    ? expression.type
    : refuse(context, node, SUBSET.expression, `${expression.text} is not an integer`);
}
