/** Proofs that earlier runs have found, as they are kept. */
import type { Findings } from '../findings/findings.js';
import type { Expression, Function } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';
import { visitBody } from '../ir/walk.js';

/** The result of the proof of one function. */
export interface Proof {
  readonly result: Range | null;
  /** How many proofs the function took. */
  readonly proofs: number;
}

/** The result, how many proofs it took, and the range of each integer expression in turn, each number in decimal. */
interface Kept {
  readonly result: readonly [low: string, high: string] | null;
  readonly proofs: number;
  readonly ranges: readonly string[];
}

/** The proof that is known by `key`, null where none is. Writes the range of each integer expression of `subject`. */
export function recall(findings: Findings, key: string, subject: Function): Proof | null {
  const found = findings.get(key);
  if (found === undefined) return null;
  const { result, proofs, ranges } = JSON.parse(found) as Kept;
  const integers = integersIn(subject);
  if (ranges.length !== 2 * integers.length) return null;
  integers.forEach((expression, index) => {
    expression.range = rangeOf(ranges[2 * index], ranges[2 * index + 1]);
  });
  return { result: result && rangeOf(...result), proofs };
}

/** Keeps the proof of `subject`, the ranges of which are written. */
export function remember(findings: Findings, key: string, subject: Function, { result, proofs }: Proof): void {
  const ranges = integersIn(subject).flatMap(({ range }) => (range ? textOf(range) : []));
  const kept: Kept = { result: result && textOf(result), proofs, ranges };
  findings.set(key, JSON.stringify(kept));
}

/** The integer expressions of a function, always in the same order. */
function integersIn(subject: Function): readonly Expression[] {
  const found: Expression[] = [];
  visitBody(subject, (expression) => {
    if (expression.type.kind === 'integer') found.push(expression);
  });
  return found;
}

function textOf({ low, high }: Range): [low: string, high: string] {
  return [String(low), String(high)];
}

function rangeOf(low = '', high = ''): Range {
  return { low: BigInt(low), high: BigInt(high) };
}
