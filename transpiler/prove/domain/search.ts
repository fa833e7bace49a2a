/**
 * The search for a proof of `goal <= 0` from the ranges of symbols and from inequalities.
 *
 * Where the goal has a symbol that it wants small, an inequality that bounds the symbol from above is
 * added to it, so that the symbol cancels; and so on, until ranges alone bound what is left.
 * Each step only makes the goal larger, so what is found is a proof. The search gives up early
 * rather than late: a person can state a fact that is missing.
 */
import type { Range } from '../../ir/types.js';
import { addScaled, factorOf, floorDivide, keyOf, magnitude, normalise, scale, type Linear } from './linear.js';

export interface Knowledge {
  /** The range of a symbol. */
  rangeOf(symbol: number): Range;
  /** The inequalities, each `<= 0`, that have the symbol. */
  factsWith(symbol: number): readonly Linear[];
}

const MOST_TERMS = 8;
/** How many forms one search looks at. */
const MOST_GOALS = 80;
/** How many next steps it tries from each form, starting with those that leave the least to prove. */
const MOST_WAYS = 6;

/** Whether `goal <= 0` follows; at most `depth` inequalities are combined. */
export function follows(knowledge: Knowledge, goal: Linear, depth: number): boolean {
  const seen = new Map<string, number>();

  function search(form: Linear, steps: number): boolean {
    if (upperBound(knowledge, form) <= 0n) return true;
    if (steps === 0 || form.terms.length > MOST_TERMS) return false;
    const key = keyOf(form);
    if ((seen.get(key) ?? 0) >= steps || seen.size > MOST_GOALS) return false;
    seen.set(key, steps);
    return waysOn(knowledge, form).some(({ form: next }) => search(normalise(next), steps - 1));
  }

  return search(normalise(goal), depth);
}

/** The smallest upper bound of `form` that is found with at most `depth` inequalities. */
export function leastUpperBound(knowledge: Knowledge, form: Linear, depth: number): bigint {
  const bound = upperBound(knowledge, form);
  if (depth === 0 || form.terms.length < 2 || form.terms.length > MOST_TERMS) return bound;
  return waysOn(knowledge, form).reduce((least, { form: next, times }) => {
    const found = floorDivide(leastUpperBound(knowledge, next, depth - 1), times);
    return found < least ? found : least;
  }, bound);
}

function waysOn(knowledge: Knowledge, form: Linear): readonly Cancellation[] {
  const all = cancellations(knowledge, form);
  if (all.length <= MOST_WAYS) return all;
  const rated = all.map((way) => ({ way, bound: floorDivide(upperBound(knowledge, way.form), way.times) }));
  rated.sort((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0));
  return rated.slice(0, MOST_WAYS).map(({ way }) => way);
}

/** A form that is nowhere below `times` the one it comes from. */
interface Cancellation {
  readonly form: Linear;
  readonly times: bigint;
}

/** What is left of the form when a fact is added that makes one of its symbols cancel. */
function cancellations(knowledge: Knowledge, form: Linear): readonly Cancellation[] {
  return form.terms.flatMap(({ symbol, factor }) =>
    knowledge.factsWith(symbol).flatMap((fact) => {
      const inFact = factorOf(fact, symbol);
      if (inFact > 0n !== factor > 0n) return [];
      const times = magnitude(inFact);
      return [{ form: addScaled(scale(form, times), fact, -magnitude(factor)), times }];
    }),
  );
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
