/** What would mend a failed proof, in words. */
import type { Expression } from '../ir/nodes.js';
import { operandsOf } from '../ir/walk.js';

/** A guard that makes `condition` known. What it reads of memory is copied first, since memory keeps no facts. */
export function guard(condition: string, operands: readonly Expression[]): readonly string[] {
  const read = new Set(operands.flatMap(readsIn).map(({ text }) => text));
  return [
    ...[...read].map((text) => `copy ${text} to a const first, since memory keeps no facts`),
    `guard with  if (${condition}) { ... }`,
  ];
}

/** The outermost integers in `expression` that may differ the next time they are read. */
function readsIn(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'field':
    case 'element':
    case 'bits':
    case 'bytesRead':
      return expression.type.kind === 'integer' ? [expression] : [];
    default:
      return operandsOf(expression).flatMap(readsIn);
  }
}
