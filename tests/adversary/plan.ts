/** The races, storms and sweeps of the tests and of the soak, and how each run is judged. */
import type { Attack, Outcome } from './attack.js';

export interface Planned {
  readonly name: string;
  /** The attack with the random numbers of `seed`. */
  attack(seed: number): Attack;
}

/** Who is attacked in races.asm, which says what each letter means. */
export type Race = 'n' | 'i' | 'c';
type Place = 'AMD-V of Bochs' | 'QEMU';

const ATTEMPTS = { 'AMD-V of Bochs': 500, QEMU: 2000 } as const;
const SWEEP_ATTEMPTS = 150;
/** Counts of the time-stamp counter in which a processor starts: instructions in Bochs, time on QEMU. */
const PATIENCE = { 'AMD-V of Bochs': 2_000_000, QEMU: 2_000_000_000 } as const;
/** Random delays are shorter than this power of two, of rounds of a loop. */
const LONGEST_DELAY = { 'AMD-V of Bochs': 12, QEMU: 16 } as const;
/** Race `c` uses its processors up; Bochs has 15 at most. */
const RACING_PROCESSORS = { n: 3, i: 3, c: 15 } as const;

/** The letters are those of races.asm, storms.asm and sweeps.asm. On QEMU an INIT of the I/O APIC is not held, so it is left out. */
export const PLAN: readonly Planned[] = [
  ...(['n', 'i', 'c'] as const).map((kind) => race('AMD-V of Bochs', kind)),
  ...(['n', 'i'] as const).map((kind) => race('QEMU', kind)),
  ...[2, 4].flatMap((cpus) => (['h', 'a'] as const).map((kind) => storm('AMD-V of Bochs', kind, cpus))),
  ...[2, 4].flatMap((cpus) => (['h', 'a'] as const).map((kind) => storm('QEMU', kind, cpus))),
  ...(['a', 'w', 'i'] as const).flatMap((kind) => [sweep('AMD-V of Bochs', kind), sweep('QEMU', kind)]),
];

function words(emulator: Place, kind: string, attempts: number, seed: number, cpus: number): string {
  return [kind, attempts, seed, PATIENCE[emulator], LONGEST_DELAY[emulator], cpus].join(' ');
}

/** A race with so many attempts at most in a run: `c` has one for each processor but two. */
export function race(emulator: Place, kind: Race, attempts: number = ATTEMPTS[emulator]): Planned {
  const cpus = RACING_PROCESSORS[kind];
  const attack = (seed: number): Attack => ({
    ...{ emulator, program: 'races', cpus, words: words(emulator, kind, attempts, seed, cpus) },
  });
  return { name: `races ${kind}, ${emulator}`, attack };
}

function storm(emulator: Place, kind: string, cpus: number): Planned {
  const attack = (seed: number): Attack => ({
    ...{ emulator, program: 'storms', cpus, words: words(emulator, kind, ATTEMPTS[emulator], seed, cpus) },
  });
  return { name: `storms ${kind}, ${cpus} processors, ${emulator}`, attack };
}

/** Random values for registers, which sweeps.asm names by the letter. */
export function sweep(emulator: Place, kind: 'a' | 'w' | 'i'): Planned {
  const cpus = 3;
  const attack = (seed: number): Attack => ({
    ...{ emulator, program: 'sweeps', cpus, words: words(emulator, kind, SWEEP_ATTEMPTS, seed, cpus) },
  });
  return { name: `sweeps ${kind}, ${emulator}`, attack };
}

/** What is wrong with how one of them ended, or null. */
export function findingOf({ serial, ended, values }: Outcome): string | null {
  const escape = escapeOf({ values });
  if (escape !== null) return escape;
  const trouble = /^tsvm: (crash|.*refused to enter).*$/m.exec(serial);
  if (trouble !== null) return trouble[0];
  if (!values.has('attempts in all')) return `it ended before its last attempt: ${ended}`;
  if (ended === 'timeout') return 'it did not end';
  return null;
}

/** In which attempt a processor left the hypervisor, or null. */
export function escapeOf({ values }: Pick<Outcome, 'values'>): string | null {
  const attempt = values.get('ESCAPED');
  return attempt === undefined ? null : `a processor left the hypervisor in attempt ${attempt}`;
}
