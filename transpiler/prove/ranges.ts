/** The ranges that the emitter chooses C's types by, as obligations. */
import type { Expression, Function } from '../ir/nodes.js';
import type { Obligations } from '../ir/obligations.js';
import { visitBody } from '../ir/walk.js';

/** Adds one for each integer expression. */
export function addRanges(subject: Function, obligations: Obligations): void {
  visitBody(subject, (node) => {
    const { range, at, text } = node;
    if (range === undefined || isModular(node)) return;
    const message = `${text} may not be between ${range.low} and ${range.high}`;
    obligations.add(subject, { code: 'range', at, message, claim: { kind: 'within', node, range } });
  });
}

/** Whether only the low bits of an operator count, as below a cast of bigints: C computes only those. */
function isModular({ type, ...node }: Expression): boolean {
  return 'wraps' in node && node.wraps && type.kind === 'integer' && type.javascript === 'bigint';
}
