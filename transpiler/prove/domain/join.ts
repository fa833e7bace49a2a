/** What is known where two paths meet: what is known on both. */
import type { Variable } from '../../ir/nodes.js';
import { UNKNOWN } from './formula.js';
import {
  addScaled,
  ANYTHING,
  constant,
  equal,
  keyOf,
  ofSymbol,
  plus,
  substitute,
  subtract,
  type Linear,
} from './linear.js';
import { hull, isWithin } from './range.js';
import { State } from './state.js';

/** How many inequalities are combined to find a fact of one path on the other. */
const JOIN_DEPTH = 2;

/** A variable to which the two paths give different values. After the join it has a symbol of its own. */
interface Merged {
  readonly variable: Variable;
  readonly value: Linear;
  readonly inA: Linear;
  readonly inB: Linear;
}

/** The state after one of two paths that started from the same state. An impossible path is ignored. */
export function join(a: State, b: State): State {
  if (a.impossible) return b;
  if (b.impossible) return a;
  const joined = new State(a.symbols);
  joinRanges(joined, a, b);
  joinFacts(joined, a, b);
  joinFacts(joined, b, a);
  joined.keepDifferences(a.differencesWith(b));
  joinVariables(joined, a, b);
  return joined;
}

function joinRanges(joined: State, a: State, b: State): void {
  for (const symbol of a.narrowed()) {
    const both = hull(a.rangeOf(symbol), b.rangeOf(symbol));
    if (isWithin(joined.rangeOf(symbol), both)) continue;
    joined.define(plus(ofSymbol(symbol), -both.high));
    joined.define(addScaled(constant(both.low), ofSymbol(symbol), -1n));
  }
}

function joinFacts(joined: State, from: State, other: State): void {
  for (const [key, form] of from.allFacts()) {
    if (!joined.has(key) && (other.has(key) || other.proves(form, JOIN_DEPTH))) joined.define(form);
  }
}

function joinVariables(joined: State, a: State, b: State): void {
  for (const [key, value] of a.results) {
    const other = b.results.get(key);
    if (other !== undefined && equal(value, other)) joined.results.set(key, value);
  }
  for (const [variable, formula] of a.booleans) {
    if (b.booleans.has(variable))
      joined.booleans.set(variable, b.booleans.get(variable) === formula ? formula : UNKNOWN);
  }
  const merged: Merged[] = [];
  for (const [variable, inA] of a.integers) {
    const inB = b.integers.get(variable);
    if (inB === undefined) continue;
    if (inB === ANYTHING) {
      joined.integers.set(variable, inA);
    } else if (inA === ANYTHING || equal(inA, inB)) {
      joined.integers.set(variable, inB);
    } else {
      const range = hull(a.boundsOf(inA), b.boundsOf(inB));
      const value = ofSymbol(joined.symbols.create(variable.name, range, variable.at, typeName(variable)));
      joined.integers.set(variable, value);
      merged.push({ variable, value, inA, inB });
    }
  }
  if (merged.length > 0) relateMerged(joined, merged, a, b);
}

export function typeName(variable: Variable): string | null {
  return variable.type.kind === 'integer' ? variable.type.name : null;
}

/** Finds inequalities of the merged variables: ones that both paths prove of their own values. */
function relateMerged(joined: State, merged: readonly Merged[], a: State, b: State): void {
  const valuesInA = new Map(merged.map(({ value, inA }) => [symbolOf(value), inA]));
  const valuesInB = new Map(merged.map(({ value, inB }) => [symbolOf(value), inB]));
  const seen = new Set<string>();
  for (const candidate of candidates(joined, merged, a, b)) {
    const key = keyOf(candidate);
    if (seen.has(key)) continue;
    seen.add(key);
    const holds =
      a.proves(substitute(candidate, valuesInA), JOIN_DEPTH) && b.proves(substitute(candidate, valuesInB), JOIN_DEPTH);
    if (holds) joined.define(candidate);
  }
}

function* candidates(joined: State, merged: readonly Merged[], a: State, b: State): Iterable<Linear> {
  for (const { value, inA, inB } of merged) {
    for (const other of [inA, inB, ...joined.integers.values()]) {
      if (other.terms.length === 0 || equal(other, value)) continue;
      yield subtract(value, other);
      yield subtract(other, value);
    }
  }
  yield* renamedFacts(a, new Map(merged.flatMap(({ value, inA }) => renaming(value, inA))));
  yield* renamedFacts(b, new Map(merged.flatMap(({ value, inB }) => renaming(value, inB))));
}

/** The symbol of `before` in terms of `value`, if `before` is one symbol and a constant. */
function renaming(value: Linear, before: Linear): readonly (readonly [number, Linear])[] {
  const [term, ...others] = before.terms;
  if (term === undefined || others.length > 0 || term.factor !== 1n) return [];
  return [[term.symbol, plus(value, -before.constant)]];
}

function* renamedFacts(state: State, names: ReadonlyMap<number, Linear>): Iterable<Linear> {
  for (const symbol of names.keys()) {
    for (const fact of state.factsWith(symbol)) yield substitute(fact, names);
  }
}

function symbolOf(value: Linear): number {
  const [term] = value.terms;
  if (term === undefined) throw new RangeError('a merged value is one symbol');
  return term.symbol;
}
