/** Whether two expressions say the same of the same things. Their texts do not count: one name may stand for two things. */
import type { Callee, Expression, Variable } from './nodes.js';
import { operandsOf } from './walk.js';

/** `isSameVariable` says which variables stand for one another. */
export function saysTheSame(
  a: Expression,
  b: Expression,
  isSameVariable: (a: Variable, b: Variable) => boolean,
): boolean {
  if (a.kind === 'variable' && b.kind === 'variable') return isSameVariable(a.variable, b.variable);
  const [headA, headB] = [headOf(a), headOf(b)];
  if (headA.length !== headB.length || headA.some((part, index) => part !== headB[index])) return false;
  const [below, other] = [operandsOf(a), operandsOf(b)];
  return below.every((operand, index) => {
    const opposite = other[index];
    return opposite !== undefined && saysTheSame(operand, opposite, isSameVariable);
  });
}

/** All of an expression but its operands: values that are compared with ===. */
function headOf(expression: Expression): readonly unknown[] {
  const { kind } = expression;
  const count = operandsOf(expression).length;
  switch (kind) {
    case 'integer':
    case 'boolean':
    case 'string':
      return [kind, expression.value];
    case 'constant':
      return [kind, expression.constant];
    case 'unary':
    case 'binary':
    case 'compare':
    case 'logical':
      return [kind, expression.operator];
    case 'isNull':
      return [kind, expression.negated];
    case 'cast':
      return [kind, expression.to];
    case 'builtin':
      return [kind, expression.name, count];
    case 'call':
      return [kind, calledBy(expression.callee), count];
    case 'field':
      return [kind, expression.struct, expression.field];
    case 'bits':
      return [kind, expression.field];
    case 'bytesRead':
      return [kind, expression.bytes];
    case 'listGet':
      return [kind, expression.list];
    case 'instance':
      return [kind, expression.instance];
    case 'physical':
      return [kind, expression.layout];
    case 'local':
    case 'variable':
      return [kind, expression];
    default:
      return [kind, count];
  }
}

function calledBy(callee: Callee): unknown {
  switch (callee.kind) {
    case 'function':
      return callee.function;
    case 'intrinsic':
      return callee.intrinsic;
    case 'table':
      return callee.table;
  }
}
