/**
 * Loops: what holds each time around.
 *
 * The variables that the loop assigns get new symbols at its head. Then inequalities are guessed that hold at
 * entry, and those are dropped that one round does not keep, until one round keeps all that are
 * left. Those are what is known at the head. Only the last round reports.
 */
import { PROOF } from '../diagnostics/proof.js';
import type { Expression, Statement, Variable } from '../ir/nodes.js';
import { assume } from './domain/assume.js';
import { assignedIn, guesses, hasLongStep, valuesAtEnd, valuesAtEntry, type Head } from './candidates.js';
import type { Context, LoopExits } from './context.js';
import { bothSides, formsOf, inside, negate, TRUE, type Formula } from './domain/formula.js';
import { join } from './domain/join.js';
import {
  addScaled,
  ANYTHING,
  constant,
  magnitude,
  ofSymbol,
  substitute,
  subtract,
  ZERO,
  type Linear,
} from './domain/linear.js';
import { U64 } from './domain/range.js';
import type { State } from './domain/state.js';
import { forget } from './variables.js';

type Loop = Extract<Statement, { kind: 'loop' }>;

/** After so many rounds that each drop a guess, all guesses are dropped. */
const MOST_ROUNDS = 16;
/** The limit of rounds in all loops of a function, inner loops counted each time. After it, nothing more is guessed. */
const MOST_ROUNDS_OF_FUNCTION = 2000;

export function loop(context: Context, statement: Loop): void {
  context.run(statement.before);
  const entry = context.state;
  const head = context.silently(() => countRounds(context, statement, entry, headOf(context, statement, entry)));
  const kept = context.silently(() => keptGuesses(context, statement, entry, head));
  const start = head.state.copy();
  for (const form of kept) start.define(form);
  proveInvariants(context, statement, entry, PROOF.invariantAtStart);
  const { end, exit } = round(context, statement, start);
  proveInvariants(context, statement, end, PROOF.invariantKept);
  context.state = exit;
}

/** The state at the head that knows nothing of the assigned variables. */
function headOf(context: Context, statement: Loop, entry: State): Head {
  context.state = entry.copy();
  const symbols = new Map<Variable, number>();
  for (const variable of assignedIn([...statement.body, ...statement.update])) {
    if (!entry.integers.has(variable) && !entry.booleans.has(variable)) continue;
    forget(context, variable);
    const symbol = context.state.integers.get(variable)?.terms[0]?.symbol;
    if (symbol !== undefined) symbols.set(variable, symbol);
  }
  return { state: context.state, symbols, counted: [], rounds: null };
}

/**
 * The head with one symbol for the number of rounds so far, where variables move by 2 or more, always by the
 * same: so it is known which values they skip.
 */
function countRounds(context: Context, statement: Loop, entry: State, head: Head): Head {
  if (context.rounds > MOST_ROUNDS_OF_FUNCTION) return head;
  if (![...statement.body, ...statement.update].some(hasLongStep)) return head;
  const { end } = round(context, statement, head.state.copy());
  const symbols = new Map(head.symbols);
  const state = head.state.copy();
  const counted: Variable[] = [];
  const rounds = context.symbols.create('rounds', U64, statement.at);
  for (const [variable, symbol] of head.symbols) {
    const first = entry.integers.get(variable);
    const step = subtract(end.integers.get(variable) ?? ZERO, ofSymbol(symbol));
    if (first === undefined || step.terms.length > 0 || magnitude(step.constant) < 2n) continue;
    const value = addScaled(first, ofSymbol(rounds), step.constant);
    for (const form of formsOf(inside(value, head.state.rangeOf(symbol)))) state.define(form);
    state.integers.set(variable, value);
    symbols.delete(variable);
    counted.push(variable);
  }
  return counted.length === 0 ? head : { state, symbols, counted, rounds };
}

/** One round from `start`: the state at its end, after the update, and the state after the loop. */
function round(context: Context, statement: Loop, start: State): { readonly end: State; readonly exit: State } {
  const outer = context.loop;
  const exits: LoopExits = { breaks: [], continues: [] };
  context.rounds += 1;
  context.loop = exits;
  context.state = start;
  const test = testOf(context, statement);
  const afterTest = assume(context.state, negate(test));
  context.state = assume(context.state, test);
  context.run(statement.body);
  context.state = exits.continues.reduce(join, context.state);
  context.run(statement.update);
  context.loop = outer;
  return { end: context.state, exit: exits.breaks.reduce(join, afterTest) };
}

function testOf(context: Context, { test }: Loop): Formula {
  return test === null ? TRUE : context.condition(test);
}

function keptGuesses(context: Context, statement: Loop, entry: State, head: Head): readonly Linear[] {
  if (context.rounds > MOST_ROUNDS_OF_FUNCTION) return [];
  let left = firstGuesses(context, statement, entry, head);
  for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
    const start = head.state.copy();
    for (const form of left) start.define(form);
    const { end } = round(context, statement, start);
    const next = valuesAtEnd(end, head);
    const kept = left.filter((form) => end.proves(substitute(form, next)));
    if (kept.length === left.length) return kept;
    left = kept;
  }
  return [];
}

/** The guesses that a round without knowledge suggests, without those that do not hold at entry. */
function firstGuesses(context: Context, statement: Loop, entry: State, head: Head): readonly Linear[] {
  const outer = context.compared;
  const mark = context.symbols.count;
  const compared: Linear[] = [];
  context.compared = compared;
  const { end } = round(context, statement, head.state.copy());
  context.compared = outer;
  outer?.push(...compared);
  context.state = head.state.copy();
  const declared = invariantsOf(statement).flatMap((invariant) => inequalities(context.condition(invariant)));
  const before = withLengthsOfNull(entry, end);
  const suggested = [...compared, ...declared].filter(({ terms }) => terms.every(({ symbol }) => symbol < mark));
  const first = valuesAtEntry(before, head);
  return guesses(before, head, end, suggested).filter((form) => before.proves(substitute(form, first)));
}

/** The state at entry, in which the length of `null` is replaced by a length that the loop could give. */
function withLengthsOfNull(entry: State, end: State): State {
  const result = entry.copy();
  for (const [variable, value] of entry.integers) {
    const next = end.integers.get(variable);
    if (value === ANYTHING && next !== undefined) result.integers.set(variable, constant(end.spanOf(next).low));
  }
  return result;
}

function inequalities(formula: Formula): readonly Linear[] {
  if (formula.kind === 'atMost') return [formula.form];
  if (formula.kind === 'equal') return bothSides(formula.form).flatMap(inequalities);
  return formula.kind === 'all' ? formula.parts.flatMap(inequalities) : [];
}

function invariantsOf({ body }: Loop): readonly Expression[] {
  return body.flatMap((statement) =>
    statement.kind === 'contract' && statement.contract === 'invariant' ? [statement.condition] : [],
  );
}

/** Proves the declared invariants at the start of the body, for a `state` that arrives at the head. */
function proveInvariants(
  context: Context,
  statement: Loop,
  state: State,
  code: typeof PROOF.invariantAtStart | typeof PROOF.invariantKept,
): void {
  const invariants = invariantsOf(statement);
  if (invariants.length === 0) return;
  const before = context.state;
  context.state = state.copy();
  const test = context.silently(() => testOf(context, statement));
  context.state = assume(context.state, test);
  for (const invariant of invariants) {
    const formula = context.silently(() => context.condition(invariant));
    // A checked build tests it in each round, where it stands.
    context.prove(formula, [], () => ({
      code,
      at: invariant.at,
      message:
        code === PROOF.invariantAtStart
          ? `${invariant.text} may not hold when the loop starts`
          : `${invariant.text} may not hold the next time around`,
      fixes: () => ['state less, or state what else the loop keeps in an invariant before this one'],
    }));
  }
  context.state = before;
}
