/** Which accesses reach memory that something else changes or watches. */
import type { Expression } from './nodes.js';

export function reachesVolatile(expression: Expression): boolean {
  switch (expression.kind) {
    case 'field':
      return expression.struct.volatile || reachesVolatile(expression.base);
    case 'element':
    case 'bits':
      return reachesVolatile(expression.base);
    default:
      return (
        expression.type.kind === 'reference' &&
        expression.type.layout.kind === 'struct' &&
        expression.type.layout.volatile
      );
  }
}
