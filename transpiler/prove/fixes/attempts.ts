/** Tries fixes: told is only what makes the fault go away and brings no other into its function. */
import type { Diagnostic, Report } from '../../diagnostics/diagnostic.js';
import type { Fix, Proposal, Trial } from './trial.js';

/** A fault of a function, with what may mend it. */
export interface Fault {
  readonly diagnostic: Omit<Diagnostic, 'fixes'>;
  readonly fixes: readonly Fix[];
}

/** What the proof with a trial in it came to: the faults left, null where the trial leaves nothing to do. */
export type Attempt = (trial: Trial) => readonly Fault[] | null;

/** So many times a function is proved again to find fixes for its faults. */
const MOST_ATTEMPTS = 60;

/** Reports the faults of one function, each with the fixes that help. */
export function reportFaults(faults: readonly Fault[], attempt: Attempt, report: Report): void {
  const before = new Set(faults.map(keyOf));
  let left = MOST_ATTEMPTS;
  const helps = (fault: Fault, { trial }: Proposal): boolean => {
    if (left-- <= 0) return false;
    const after = attempt(trial)?.map(keyOf) ?? null;
    return after !== null && after.every((key) => before.has(key) && key !== keyOf(fault));
  };
  for (const fault of faults) {
    const told = fault.fixes.flatMap((fix): readonly (string | Proposal)[] => {
      if (typeof fix === 'string') return [fix];
      const found = fix.find((proposal) => helps(fault, proposal));
      return found === undefined ? [] : [found];
    });
    report({
      ...fault.diagnostic,
      fixes: told.map((one) => (typeof one === 'string' ? one : one.words)),
      changes: told.flatMap((one) => (typeof one === 'string' ? [] : [one.change])),
    });
  }
}

function keyOf({ diagnostic: { code, at } }: Fault): string {
  return `${code} ${at.line}:${at.column}`;
}
