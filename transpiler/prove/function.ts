/** The proof of one function. */
import type { Report } from '../diagnostics/diagnostic.js';
import type { Expression, Function } from '../ir/nodes.js';
import { Obligations } from '../ir/obligations.js';
import { assume } from './domain/assume.js';
import { reportFaults, type Fault } from './fixes/attempts.js';
import { condition } from './conditions.js';
import { Context, type Rules } from './context.js';
import { checkEnsures } from './ensures.js';
import { valueOf } from './expression.js';
import { fillRanges } from './fill.js';
import { addNarrowings } from './narrowing.js';
import { addRanges } from './ranges.js';
import type { Proof } from './remembered.js';
import { runStatement } from './statements.js';
import type { Trial } from './fixes/trial.js';
import type { Summary } from './summary.js';
import { forget } from './variables.js';

const RULES: Rules = { value: valueOf, condition, statement: runStatement };

/** Proves a function and writes the range of each of its integer expressions. `summaries` says what is known of its callees. */
export function proveFunction(
  subject: Function,
  summaries: ReadonlyMap<Function, Summary>,
  obligations: Obligations,
  report: Report,
): Proof {
  const faults: Fault[] = [];
  const context = new Context(subject, summaries, RULES, obligations, (fault) => faults.push(fault));
  runBody(context, subject, subject.requires);
  const attempt = (trial: Trial): readonly Fault[] | null => {
    const left: Fault[] = [];
    const tried = new Context(subject, summaries, RULES, new Obligations(), (fault) => left.push(fault), trial);
    runBody(tried, subject, [...subject.requires, ...trial.requires]);
    return tried.stopsAlways ? null : left;
  };
  reportFaults(faults, attempt, report);
  checkEnsures(subject, report);
  addRanges(subject, obligations);
  addNarrowings(subject, obligations);
  fillRanges(subject);
  return { result: context.result, proofs: context.proofs };
}

/** Goes through the body, starting with what the function requires. */
function runBody(context: Context, { parameters, body }: Function, requires: readonly Expression[]): void {
  for (const parameter of parameters) forget(context, parameter);
  for (const required of requires) context.state = assume(context.state, context.condition(required));
  context.stopsAlways = context.state.impossible;
  context.run(body);
}
