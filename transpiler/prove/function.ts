/** The proof of one function. */
import type { Report } from '../diagnostics/diagnostic.js';
import type { Function } from '../ir/nodes.js';
import { assume } from './assume.js';
import { condition } from './conditions.js';
import { Context, type Summary } from './context.js';
import { checkEnsures } from './ensures.js';
import { forget, run } from './statements.js';

/** Proves a function, whose callees are in `summaries`, and says what its callers may know of it. */
export function proveFunction(subject: Function, summaries: ReadonlyMap<Function, Summary>, report: Report): Summary {
  const context = new Context(subject, summaries, report);
  for (const parameter of subject.parameters) forget(context, parameter);
  for (const required of subject.requires) context.state = assume(context.state, condition(context, required));
  run(context, subject.body);
  checkEnsures(subject, report);
  return { result: context.result, proofs: context.proofs };
}
