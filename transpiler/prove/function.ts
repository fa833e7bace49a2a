/** The proof of one function. */
import type { Report } from '../diagnostics/diagnostic.js';
import type { Function } from '../ir/nodes.js';
import type { Obligations } from '../ir/obligations.js';
import { assume } from './domain/assume.js';
import { condition } from './conditions.js';
import { Context, type Rules } from './context.js';
import { checkEnsures } from './ensures.js';
import { valueOf } from './expression.js';
import { fillRanges } from './fill.js';
import { addNarrowings } from './narrowing.js';
import { addRanges } from './ranges.js';
import type { Proof } from './remembered.js';
import { runStatement } from './statements.js';
import type { Summary } from './summary.js';
import { forget } from './variables.js';

const RULES: Rules = { value: valueOf, condition, statement: runStatement };

/** Proves a function, what is known of whose callees is in `summaries`, and writes the range of each integer expression of it. */
export function proveFunction(
  subject: Function,
  summaries: ReadonlyMap<Function, Summary>,
  obligations: Obligations,
  report: Report,
): Proof {
  const context = new Context(subject, summaries, RULES, obligations, report);
  for (const parameter of subject.parameters) forget(context, parameter);
  for (const required of subject.requires) context.state = assume(context.state, context.condition(required));
  context.run(subject.body);
  checkEnsures(subject, report);
  addRanges(subject, obligations);
  addNarrowings(subject, obligations);
  fillRanges(subject);
  return { result: context.result, proofs: context.proofs };
}
