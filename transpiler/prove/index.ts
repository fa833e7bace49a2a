/**
 * The prover: shows that JavaScript and C agree on each operation of a program, and that each
 * access is in bounds.
 *
 * It goes through each function once, callees first, and keeps what is known at each point: the
 * values of local variables as linear forms over symbols, a range for each symbol, and linear inequalities
 * between symbols (`domain/state.ts`). Conditions add inequalities, branches that meet keep what both know
 * (`domain/join.ts`), loops keep what a round of theirs keeps (`loops.ts`). Nothing is ever known of memory:
 * what is read twice may differ.
 *
 * Afterwards each integer expression has its `range`.
 */
import type { Report } from '../diagnostics/diagnostic.js';
import type { Function, Program } from '../ir/nodes.js';
import { calleesFirst } from '../program/callGraph.js';
import type { Summary } from './context.js';
import { fillRanges } from './fill.js';
import { proveFunction } from './function.js';

/** Writes the range of each integer expression and reports what cannot be proved (TSV2xxx). Returns the number of proofs. */
export function prove(program: Program, report: Report): number {
  const summaries = new Map<Function, Summary>();
  for (const subject of calleesFirst(program)) {
    summaries.set(subject, proveFunction(subject, summaries, report));
    fillRanges(subject);
  }
  return [...summaries.values()].reduce((sum, { proofs }) => sum + proofs, 0);
}
