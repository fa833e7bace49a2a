/** Attacks in a series of machines, each with other random numbers. */
import { type Outcome, runAttack } from './attack.js';
import type { Planned } from './plan.js';

export interface Series {
  readonly attempts: number;
  readonly starts: number;
  /** How often a processor that should start did not. */
  readonly missed: number;
  /** The finding that ended the series early, or null. */
  readonly finding: string | null;
}

/**
 * Runs `planned` under `image`, by default the current kernel's, until `attempts` attempts were made or `judge` finds something.
 * Seeds count from 1, so that a series can be repeated if the emulator is deterministic.
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
    // A run that its attack ended early counts as one attempt.
    series.attempts += outcome.values.get('attempts in all') ?? 1;
    series.starts += outcome.values.get('starts') ?? 0;
    series.missed += outcome.values.get('no answer') ?? 0;
    series.finding = judge(outcome);
  }
  return series;
}
