/** What callers know of a function. Their proofs read nothing else of it, so its digest can stand for it (digest.ts). */
import type { Expression, Function, Variable } from '../ir/nodes.js';
import type { Range, Type } from '../ir/types.js';
import { ensuredBy, type Ensured } from './ensures.js';

export interface Summary {
  readonly name: string;
  readonly parameters: readonly Variable[];
  readonly requires: readonly Expression[];
  readonly ensured: Ensured | null;
  /** What the function returns, where it does nothing else. */
  readonly returned: Expression | null;
  readonly type: Type;
  /** The values of an integer result, the lengths of Bytes or a string; null where nothing is known of them. */
  readonly result: Range | null;
}

/** What callers know of `subject`, the proof of which found that it returns `result`. */
export function summaryOf(subject: Function, result: Range | null): Summary {
  const { name, parameters, requires, body, result: type } = subject;
  const [first, ...others] = body;
  const returned = first?.kind === 'return' && others.length === 0 ? first.value : null;
  return { name, parameters, requires, ensured: ensuredBy(subject), returned, type, result };
}
