/** Attacks in one machine after the other, each with other random numbers. */
import { type Outcome, runAttack } from './attack.js';
import type { Planned } from './plan.js';

export interface Series {
  readonly attempts: number;
  readonly starts: number;
  /** How often a processor did not start that was to. */
  readonly missed: number;
  /** What ended the series before its last attempt, or null. */
  readonly finding: string | null;
}

/**
 * Runs `planned` under `image`, or under the kernel as it is, until there were `attempts` attempts or `judge` finds something. Seeds are
 * counted from 1, so that each series is repeatable where the emulator is.
 */
export async function attackInSeries(
  planned: Planned,
  attempts: number,
  judge: (outcome: Outcome) => string | null,
  image?: string,
): Promise<Series> {
  const series = { attempts: 0, starts: 0, missed: 0, finding: null as string | null };
  for (let seed = 1; series.attempts < attempts && series.finding === null; seed++) {
    const outcome = await runAttack({ ...planned.attack(seed), ...(image === undefined ? {} : { image }) });
    // A run that was cut short by what it had done counts as one attempt.
    series.attempts += outcome.values.get('attempts in all') ?? 1;
    series.starts += outcome.values.get('starts') ?? 0;
    series.missed += outcome.values.get('no answer') ?? 0;
    series.finding = judge(outcome);
  }
  return series;
}
