/** Guesses at what a loop keeps. A wrong guess costs time, a missing one costs a proof. */
import type { Statement, Variable } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';
import { visitStatements } from '../ir/walk.js';
import { constant, keyOf, magnitude, plus, scale, substitute, subtract, type Linear } from './linear.js';
import { hull } from './range.js';
import type { State } from './state.js';

/** The head of a loop: the state there, and the integer variables that the loop assigns. */
export interface Head {
  readonly state: State;
  readonly variables: readonly Variable[];
}

/** A variable that the loop assigns: its values at the head, before the loop, and after one round. */
interface Changing {
  readonly symbol: number;
  readonly now: Linear;
  readonly first: Linear;
  readonly next: Linear;
  /** By how much a round changes it. */
  readonly step: Range;
}

const MOST_GUESSES = 300;
/** A step that is farther than this is no step. */
const FARTHEST_STEP = 1n << 32n;

/**
 * Inequalities, each `<= 0`, over the symbols at the head. `end` is the state after a round that
 * knew nothing at the head, `compared` are inequalities that the loop looks at.
 */
export function guesses(entry: State, head: Head, end: State, compared: readonly Linear[]): readonly Linear[] {
  const changing = head.variables.flatMap((variable) => changes(variable, entry, head, end));
  const all = new Map<string, Linear>();
  for (const form of allGuesses(entry, head, end, changing, compared)) {
    if (form.terms.length > 0 && all.size < MOST_GUESSES) all.set(keyOf(form), form);
  }
  return [...all.values()];
}

function changes(variable: Variable, entry: State, head: Head, end: State): readonly Changing[] {
  const now = head.state.integers.get(variable);
  const first = entry.integers.get(variable);
  const next = end.integers.get(variable);
  const symbol = now?.terms[0]?.symbol;
  if (!now || !first || !next || symbol === undefined) return [];
  return [{ symbol, now, first, next, step: end.boundsOf(subtract(next, now)) }];
}

function* allGuesses(
  entry: State,
  head: Head,
  end: State,
  changing: readonly Changing[],
  compared: readonly Linear[],
): Iterable<Linear> {
  for (const { now, first, next } of changing) {
    yield subtract(first, now);
    yield subtract(now, first);
    const after = end.spanOf(next);
    const before = entry.spanOf(first);
    for (const { low, high } of [before, hull(before, after)]) {
      yield subtract(constant(low), now);
      yield subtract(now, constant(high));
    }
  }
  yield* comparedOneStepLater(end, changing, compared);
  yield* entryFacts(entry, changing);
  yield* pairs(changing);
  yield* besideOthers(head, changing);
}

/** What is compared, and the same as far behind as one round moves it: `i < n` in the body is `i <= n` after it. */
function* comparedOneStepLater(
  end: State,
  changing: readonly Changing[],
  compared: readonly Linear[],
): Iterable<Linear> {
  const next = new Map(changing.map((one) => [one.symbol, one.next]));
  for (const form of compared) {
    if (!form.terms.some(({ symbol }) => next.has(symbol))) continue;
    yield form;
    yield plus(form, -1n);
    const step = end.boundsOf(subtract(substitute(form, next), form)).high;
    if (step > 0n && step < FARTHEST_STEP) yield plus(form, -step);
  }
}

/** What is known before the loop of the first values, said of the values at the head. */
function* entryFacts(entry: State, changing: readonly Changing[]): Iterable<Linear> {
  for (const { now, first } of changing) {
    const [term] = first.terms;
    if (term === undefined || first.terms.length > 1 || term.factor !== 1n) continue;
    const names = new Map([[term.symbol, plus(now, -first.constant)]]);
    for (const fact of entry.factsWith(term.symbol)) yield substitute(fact, names);
  }
}

/** Variables that move together: by how much each, where one always moves by the same, and which is ahead. */
function* pairs(changing: readonly Changing[]): Iterable<Linear> {
  for (const a of changing) {
    for (const b of changing) {
      if (a === b) continue;
      const movedA = subtract(a.now, a.first);
      const movedB = subtract(b.now, b.first);
      yield subtract(movedA, movedB);
      yield subtract(a.now, b.now);
      const { low, high } = b.step;
      if (low !== high || low === 0n) continue;
      const rounds = low > 0n ? movedB : scale(movedB, -1n);
      const least = subtract(scale(rounds, a.step.low), scale(movedA, magnitude(low)));
      const most = subtract(scale(movedA, magnitude(low)), scale(rounds, a.step.high));
      if (magnitude(a.step.low) < FARTHEST_STEP) yield least;
      if (magnitude(a.step.high) < FARTHEST_STEP) yield most;
    }
  }
}

/** Bounds by variables that the loop leaves alone. */
function* besideOthers(head: Head, changing: readonly Changing[]): Iterable<Linear> {
  for (const [variable, value] of head.state.integers) {
    if (head.variables.includes(variable) || value.terms.length === 0) continue;
    for (const { now } of changing) {
      yield subtract(now, value);
      yield subtract(value, now);
    }
  }
}

/** The variables that statements assign, those in inner statements too. */
export function assignedIn(statements: readonly Statement[]): readonly Variable[] {
  const found = new Set<Variable>();
  visitStatements(statements, (statement) => {
    if (statement.kind === 'assign' && statement.target.kind === 'variable') found.add(statement.target.variable);
  });
  return [...found];
}
