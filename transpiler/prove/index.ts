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
 * Afterwards each integer expression has its `range`. A function that an earlier run has proved is not proved again
 * (`digest.ts`, `remembered.ts`).
 */
import { PROOF } from '../diagnostics/proof.js';
import type { Report } from '../diagnostics/diagnostic.js';
import { Findings } from '../findings/findings.js';
import type { Function, Program } from '../ir/nodes.js';
import { Obligations } from '../ir/obligations.js';
import { calleesFirst } from '../program/callGraph.js';
import { Digests } from './digest.js';
import { proveFunction } from './function.js';
import { recall, remember, type Proof } from './remembered.js';
import { Unknown } from './unknown.js';
import { summaryOf, type Summary } from './summary.js';

/**
 * Writes the range of each integer expression and reports what cannot be proved (TSV2xxx). Returns the number of proofs.
 * `obligations` get what is claimed of each node, in functions that are not among the findings.
 */
export function prove(
  program: Program,
  report: Report,
  findings = new Findings(),
  obligations = new Obligations(),
): number {
  const summaries = new Map<Function, Summary>();
  const digests = new Digests();
  let proofs = 0;
  const unknown = new Unknown();
  for (const called of calleesFirst(program)) {
    const subject = unknown.without(called);
    const key = digests.of(subject);
    const known = key === null ? null : recall(findings, key, subject);
    const proof = known ?? proveAnew(subject, summaries, obligations, report, findings, key);
    const summary = summaryOf(subject, proof.result);
    summaries.set(called, summary);
    digests.note(called, summary);
    proofs += proof.proofs;
  }
  for (const entry of program.entries) addEntry(entry, obligations);
  return proofs;
}

/** Proves a function, and remembers it by `key` where nothing was reported. */
function proveAnew(
  subject: Function,
  summaries: ReadonlyMap<Function, Summary>,
  obligations: Obligations,
  report: Report,
  findings: Findings,
  key: string | null,
): Proof {
  let isClean = true;
  const proof = proveFunction(subject, summaries, obligations, (diagnostic) => {
    isClean = false;
    report(diagnostic);
  });
  if (isClean && key !== null) remember(findings, key, subject, proof);
  return proof;
}

/** No caller proves what an entry point requires: assembly calls it. */
function addEntry(entry: Function, obligations: Obligations): void {
  for (const node of entry.requires) {
    const message = `${entry.name} requires ${node.text}, which may not hold`;
    obligations.add(entry, { code: PROOF.requires.code, at: node.at, message, claim: { kind: 'entry', node } });
  }
}
