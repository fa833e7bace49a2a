/** What the analysis of one function carries along. */
import type { Location } from '../ir/location.js';
import type { Expression, Function, Statement } from '../ir/nodes.js';
import type { Claim, Obligations } from '../ir/obligations.js';
import type { Range } from '../ir/types.js';
import { assume, entails } from './domain/assume.js';
import type { Fault } from './fixes/attempts.js';
import { knownFacts } from './describe.js';
import { formsOf, limited, negate, type Formula } from './domain/formula.js';
import { constant, ofSymbol, ZERO, type Linear } from './domain/linear.js';
import type { Meaning } from './domain/meaning.js';
import { numbersOf, rangeOfUnreached } from './domain/range.js';
import { State } from './domain/state.js';
import { Symbols } from './domain/symbols.js';
import { summaryOf, type Summary } from './summary.js';
import type { Fix, Trial } from './fixes/trial.js';

/** What a failed proof says; the facts known are added to it. */
export interface Failure {
  readonly code: { readonly code: string };
  readonly at: Location;
  readonly message: string;
  /** What to say instead where the opposite is known. Default: the same. */
  readonly refuted?: string;
  /** Facts that are not about values, such as the length of an array. */
  readonly known?: readonly string[];
  readonly fixes: () => readonly Fix[];
}

/** The states that leave the body of the innermost loop other than at its end. */
export interface LoopExits {
  readonly breaks: State[];
  readonly continues: State[];
}

/** Values of variables, of which a state's are one kind. */
export type Bindings = Pick<State, 'integers' | 'booleans'>;

/**
 * `report`: the last pass over each statement, which reports and writes ranges; only that does.
 * `search`: a pass of a loop that looks for what it keeps. What it takes as true is proved or reported in the last pass.
 * `foreign`: an expression of another function, whose own proof reports what cannot be proved there. Nothing is taken as true.
 */
type Purpose = 'report' | 'search' | 'foreign';

/** The rules for whole expressions and statements. Rules for a kind of them reach their parts through these alone. */
export interface Rules {
  /** The value of an expression; of Bytes and strings, the length. */
  readonly value: (context: Context, expression: Expression) => Linear;
  /** What is true where a boolean expression is. */
  readonly condition: (context: Context, expression: Expression) => Formula;
  readonly statement: (context: Context, statement: Statement) => void;
}

export class Context {
  readonly symbols = new Symbols();
  state: State = new State(this.symbols);
  /** Why expressions are evaluated now. */
  purpose: Purpose = 'report';
  loop: LoopExits | null = null;
  /** How many rounds of loops were gone through so far. */
  rounds = 0;
  /** How many calls lead to the function whose expression is evaluated: 0 in the function itself. */
  depth = 0;
  /** How many functions were looked into so far for the current call in the function itself. */
  lookedInto = 0;
  /** The inequalities that were compared, while a loop looks for its invariants. */
  compared: Linear[] | null = null;
  /** How many proofs succeeded, each counted once. */
  proofs = 0;
  /** Whether control never gets past the statements that a trial adds. */
  stopsAlways = false;
  /** The integers and lengths returned so far. */
  result: Range | null = null;

  readonly function: Function;
  private readonly summaries: ReadonlyMap<Function, Summary>;
  private readonly rules: Rules;
  private readonly obligations: Obligations;
  private readonly report: (fault: Fault) => void;
  private readonly trial: Trial | null;

  constructor(
    subject: Function,
    summaries: ReadonlyMap<Function, Summary>,
    rules: Rules,
    obligations: Obligations,
    report: (fault: Fault) => void,
    trial: Trial | null = null,
  ) {
    this.function = subject;
    this.summaries = summaries;
    this.rules = rules;
    this.obligations = obligations;
    this.report = report;
    this.trial = trial;
  }

  /** The value of an integer expression; of Bytes and strings, the length. */
  integer(expression: Expression): Linear {
    return this.note(expression, this.rules.value(this, this.standing(expression)));
  }

  /** What is true where a boolean expression is. */
  condition(expression: Expression): Formula {
    return limited(this.rules.condition(this, this.standing(expression)));
  }

  /** The expression itself, or what the trial of a fix puts in its place. */
  standing(expression: Expression): Expression {
    return this.trial?.instead.get(expression) ?? expression;
  }

  /** Evaluates an expression of any type only to prove what it needs. */
  visit(expression: Expression): void {
    if (expression.type.kind === 'boolean') this.condition(expression);
    else this.integer(expression);
  }

  /** Goes through statements, each from the state that the one before it leaves. */
  run(statements: readonly Statement[]): void {
    for (const statement of statements) {
      const added = this.trial?.before.get(statement);
      if (added !== undefined) this.runAdded(added);
      this.rules.statement(this, statement);
    }
  }

  /** Goes through statements that a trial adds. */
  private runAdded(statements: readonly Statement[]): void {
    const wasReached = !this.state.impossible;
    for (const statement of statements) this.rules.statement(this, statement);
    if (this.reporting && wasReached && this.state.impossible) this.stopsAlways = true;
  }

  /** What is known of a called function. In a circle of calls, which is reported elsewhere, a function may not be proved yet. */
  summaryOf(called: Function): Summary {
    return this.summaries.get(called) ?? summaryOf(called, null);
  }

  get reporting(): boolean {
    return this.purpose === 'report';
  }

  /** Runs `action` for a loop's search, without reports and without ranges being written. */
  silently<T>(action: () => T): T {
    return this.withPurpose(this.reporting ? 'search' : this.purpose, action);
  }

  /** Runs `action`, which evaluates an expression of another function. */
  foreign<T>(action: () => T): T {
    return this.withPurpose('foreign', action);
  }

  private withPurpose<T>(purpose: Purpose, action: () => T): T {
    const before = this.purpose;
    this.purpose = purpose;
    const result = action();
    this.purpose = before;
    return result;
  }

  /**
   * Reports `failure` unless the formula can be proved. In the function itself it is then taken as true, so that one gap
   * is one report. `claims` say the same of the program's nodes, for the checks of a checked build.
   */
  prove(formula: Formula, claims: readonly Claim[], failure: () => Failure): boolean {
    for (const claim of claims) this.claim(claim, failure);
    if (entails(this.state, formula)) {
      if (this.reporting) this.proofs += 1;
      return true;
    }
    if (this.purpose === 'foreign') return false;
    if (this.reporting) {
      const { code, at, message, refuted = message, known = [], fixes } = failure();
      const facts = [...knownFacts(this.state, formsOf(formula)), ...known];
      const said = entails(this.state, negate(formula)) ? refuted : message;
      this.report({
        diagnostic: { code: code.code, at, message: said, known: facts },
        fixes: this.trial ? [] : fixes(),
      });
    }
    const assumed = assume(this.state, formula);
    if (!assumed.impossible) this.state = assumed;
    return false;
  }

  /** Writes down what a checked build has to check, whether it is proved or relied on. */
  claim(claim: Claim, failure: () => Pick<Failure, 'code' | 'at' | 'message'>): void {
    if (!this.reporting || this.trial !== null) return;
    const { code, at, message } = failure();
    this.obligations.add(this.function, { code: code.code, at, message, claim });
  }

  /** A new symbol, for a value that no linear form describes. */
  fresh(from: Expression, range: Range): Linear {
    const type = from.type.kind === 'integer' ? from.type.name : null;
    return ofSymbol(this.symbols.create(from.text, range, from.at, type));
  }

  /** A value of which only the type is known. */
  unknown(expression: Expression): Linear {
    const range = numbersOf(expression.type);
    return range === null ? ZERO : this.fresh(expression, range);
  }

  /** The value of an operator: the one known of the same meaning, or a new one that `facts`, each `<= 0`, define. */
  derive({ key }: Meaning, from: Expression, range: Range, facts: (value: Linear) => readonly Linear[]): Linear {
    const known = this.state.results.get(key);
    if (known !== undefined) return known;
    const value = range.low === range.high ? constant(range.low) : this.fresh(from, range);
    for (const fact of facts(value)) this.state.define(fact);
    this.state.results.set(key, value);
    return value;
  }

  /** The values that a form can have at this point. */
  rangeOf(form: Linear): Range {
    return this.state.boundsOf(form);
  }

  /** Writes down the range of an integer expression. */
  note(expression: Expression, value: Linear): Linear {
    const { type } = expression;
    if (!this.reporting || type.kind !== 'integer') return value;
    const range = this.state.impossible ? rangeOfUnreached(type) : this.rangeOf(value);
    this.noteRange(expression, range.low <= range.high ? range : rangeOfUnreached(type));
    return value;
  }

  /** Writes down `range`, except during a trial or a loop's search. */
  noteRange(expression: Expression, range: Range): void {
    if (this.reporting && this.trial === null) expression.range = range;
  }
}
