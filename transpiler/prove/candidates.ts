/** Guesses at what a loop keeps. A wrong guess costs time, a missing one costs a proof. */
import type { ExpressionOf, Statement, Variable } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';
import { visitStatements } from '../ir/walk.js';
import {
  constant,
  keyOf,
  magnitude,
  ofSymbol,
  plus,
  scale,
  substitute,
  subtract,
  type Linear,
} from './domain/linear.js';
import { hull } from './domain/range.js';
import type { State } from './domain/state.js';

/** The head of a loop. */
export interface Head {
  readonly state: State;
  /** The integer variables that the loop assigns, each with the symbol that stands for it. */
  readonly symbols: ReadonlyMap<Variable, number>;
  /** The other assigned variables: they are expressed through `rounds`, the symbol for the number of rounds so far. */
  readonly counted: readonly Variable[];
  readonly rounds: number | null;
}

/** A variable that the loop assigns: its values at the head, before the loop, and after one round. */
interface Changing {
  readonly now: Linear;
  readonly first: Linear;
  readonly next: Linear;
  /** By how much a round changes it. */
  readonly step: Range;
}

const MOST_GUESSES = 300;
/** A larger change in one round is not taken for a step. */
const FARTHEST_STEP = 1n << 32n;

/**
 * Inequalities, each `<= 0`, over the symbols at the head. `end` is the state after a round that
 * knew nothing at the head, `compared` are inequalities that the loop looks at.
 */
export function guesses(entry: State, head: Head, end: State, compared: readonly Linear[]): readonly Linear[] {
  const changing = variablesOf(head).flatMap((variable) => changes(variable, entry, head, end));
  const all = new Map<string, Linear>();
  for (const form of allGuesses(entry, head, end, changing, compared)) {
    if (form.terms.length > 0 && all.size < MOST_GUESSES) all.set(keyOf(form), form);
  }
  return [...all.values()];
}

function variablesOf({ symbols, counted }: Head): readonly Variable[] {
  return [...symbols.keys(), ...counted];
}

/** The values of the symbols at the head when the loop is entered. */
export function valuesAtEntry(entry: State, head: Head): ReadonlyMap<number, Linear> {
  return valuesIn(entry, head, constant(0n));
}

/** Their values when the head is reached again, in terms of their values one round before. */
export function valuesAtEnd(end: State, head: Head): ReadonlyMap<number, Linear> {
  return valuesIn(end, head, head.rounds === null ? constant(0n) : plus(ofSymbol(head.rounds), 1n));
}

function valuesIn(state: State, { symbols, rounds }: Head, count: Linear): ReadonlyMap<number, Linear> {
  const values = new Map<number, Linear>(rounds === null ? [] : [[rounds, count]]);
  for (const [variable, symbol] of symbols) {
    const value = state.integers.get(variable);
    if (value !== undefined) values.set(symbol, value);
  }
  return values;
}

function changes(variable: Variable, entry: State, head: Head, end: State): readonly Changing[] {
  const now = head.state.integers.get(variable);
  const first = entry.integers.get(variable);
  const next = end.integers.get(variable);
  return now && first && next ? [{ now, first, next, step: end.boundsOf(subtract(next, now)) }] : [];
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
  yield* comparedOneStepLater(end, valuesAtEnd(end, head), compared);
  yield* entryFacts(entry, changing);
  yield* pairs(changing);
  yield* besideOthers(head, changing);
}

/** The compared inequalities, and each one shifted by one round: `i < n` in the body gives `i <= n` after it. */
function* comparedOneStepLater(
  end: State,
  next: ReadonlyMap<number, Linear>,
  compared: readonly Linear[],
): Iterable<Linear> {
  for (const form of compared) {
    if (!form.terms.some(({ symbol }) => next.has(symbol))) continue;
    yield form;
    yield plus(form, -1n);
    const step = end.boundsOf(subtract(substitute(form, next), form)).high;
    if (step > 0n && step < FARTHEST_STEP) yield plus(form, -step);
  }
}

/** What is known of the first values before the loop, guessed for the values at the head. */
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
    if (head.symbols.has(variable) || head.counted.includes(variable) || value.terms.length === 0) continue;
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

/** Whether the statement, or one inside it, moves a variable by a constant of 2 or more. */
export function hasLongStep(statement: Statement): boolean {
  let found = false;
  visitStatements([statement], (inner) => {
    if (inner.kind !== 'assign' || inner.value.kind !== 'binary' || inner.target.kind !== 'variable') return;
    const { left, right } = inner.value;
    const isStep = left.kind === 'variable' && left.variable === inner.target.variable;
    if (isStep && (right.kind === 'integer' || right.kind === 'constant') && !isOne(right)) found = true;
  });
  return found;
}

function isOne(expression: ExpressionOf<'integer' | 'constant'>): boolean {
  return (expression.kind === 'integer' ? expression.value : expression.constant.value) === 1n;
}
