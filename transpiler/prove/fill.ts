/** Ranges for the expressions that no execution reaches, so that the C of them can be written all the same. */
import type { Function } from '../ir/nodes.js';
import { visitBody, visitExpressions } from '../ir/walk.js';
import { rangeOfUnreached } from './domain/range.js';

/** Gives each integer expression of the function that has no range one that its type holds. */
export function fillRanges(subject: Function): void {
  const fill: Parameters<typeof visitBody>[1] = (expression) => {
    if (expression.type.kind === 'integer') expression.range ??= rangeOfUnreached(expression.type);
  };
  visitBody(subject, fill);
  for (const required of subject.requires) visitExpressions(required, fill);
}
