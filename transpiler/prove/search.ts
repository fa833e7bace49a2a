/**
 * The search for a proof of `goal <= 0` from the ranges of symbols and from inequalities.
 *
 * Where the goal has a symbol that it wants small, an inequality that bounds the symbol from above is
 * added to it, so that the symbol cancels; and so on, until ranges alone bound what is left.
 * Each step only makes the goal larger, so what is found is a proof. The search gives up early
 * rather than late: a person can state a fact that is missing.
 */
import type { Range } from '../ir/types.js';
import { addScaled, factorOf, keyOf, magnitude, normalise, scale, type Linear } from './linear.js';

export interface Knowledge {
  /** The range of a symbol. */
  rangeOf(symbol: number): Range;
  /** The inequalities, each `<= 0`, that have the symbol. */
  factsWith(symbol: number): readonly Linear[];
}

const MOST_TERMS = 8;
const MOST_GOALS = 400;

/** Whether `goal <= 0` follows; at most `depth` inequalities are combined. */
export function follows(knowledge: Knowledge, goal: Linear, depth: number): boolean {
  const seen = new Map<string, number>();

  function search(form: Linear, steps: number): boolean {
    if (upperBound(knowledge, form) <= 0n) return true;
    if (steps === 0 || form.terms.length > MOST_TERMS) return false;
    const key = keyOf(form);
    if ((seen.get(key) ?? 0) >= steps || seen.size > MOST_GOALS) return false;
    seen.set(key, steps);
    return form.terms.some(({ symbol, factor }) =>
      knowledge.factsWith(symbol).some((fact) => {
        const inFact = factorOf(fact, symbol);
        if (inFact > 0n !== factor > 0n) return false;
        const weakened = addScaled(scale(form, magnitude(inFact)), fact, -magnitude(factor));
        return search(normalise(weakened), steps - 1);
      }),
    );
  }

  return search(normalise(goal), depth);
}

/** The largest value that the ranges allow. */
export function upperBound(knowledge: Knowledge, form: Linear): bigint {
  let bound = form.constant;
  for (const { symbol, factor } of form.terms) {
    const { low, high } = knowledge.rangeOf(symbol);
    bound += factor > 0n ? factor * high : factor * low;
  }
  return bound;
}
