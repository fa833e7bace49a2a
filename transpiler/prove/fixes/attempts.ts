/** Tries fixes. A fix is proposed only if it removes its fault and brings no other fault into the function. */
import type { Diagnostic, Report } from '../../diagnostics/diagnostic.js';
import type { Fix, Proposal, Trial } from './trial.js';

/** A fault of a function, with what may mend it. */
export interface Fault {
  readonly diagnostic: Omit<Diagnostic, 'fixes'>;
  readonly fixes: readonly Fix[];
}

/** The faults that are left with a trial; null if the trial makes the function stop before its work. */
export type Attempt = (trial: Trial) => readonly Fault[] | null;

/** How many times a function is proved again, at most, to find fixes for its faults. */
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
