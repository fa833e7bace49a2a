/** Ranges for expressions that no execution reaches: the emitter needs one for each expression. */
import type { Function } from '../ir/nodes.js';
import { visitBody, visitExpressions } from '../ir/walk.js';
import { rangeOfUnreached } from './domain/range.js';

/** Gives each integer expression without a range one that its type holds. */
export function fillRanges(subject: Function): void {
  const fill: Parameters<typeof visitBody>[1] = (expression) => {
    if (expression.type.kind === 'integer') expression.range ??= rangeOfUnreached(expression.type);
  };
  visitBody(subject, fill);
  for (const required of subject.requires) visitExpressions(required, fill);
}
