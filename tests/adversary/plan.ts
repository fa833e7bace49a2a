/** The races, storms and sweeps of the tests and of the soak, and how each run is judged. */
import type { Attack, Emulator, Outcome } from './attack.js';

export interface Planned {
  readonly name: string;
  /** The attack with the random numbers of `seed`. */
  attack(seed: number): Attack;
}

/** The kind of race, by its letter in races.asm. */
export type Race = 'n' | 'i' | 'c';
const ATTEMPTS = { 'AMD-V of Bochs': 500, 'VT-x of Bochs': 500, QEMU: 2000 } as const;
const SWEEP_ATTEMPTS = 150;
/** Counts of the time-stamp counter within which a processor starts: instructions in Bochs, time in QEMU. */
const PATIENCE = { 'AMD-V of Bochs': 2_000_000, 'VT-x of Bochs': 2_000_000, QEMU: 2_000_000_000 } as const;
/** The longest random delay in rounds of a loop, as a power of two. */
const LONGEST_DELAY = { 'AMD-V of Bochs': 12, 'VT-x of Bochs': 12, QEMU: 16 } as const;
/** Number of processors. Race `c` loses one in each attempt; Bochs has at most 15. */
const RACING_PROCESSORS = { n: 3, i: 3, c: 15 } as const;

/** A machine with other ports for SMIs, whose HPET sends interrupt messages. QEMU's default machine routes its HPET to the I/O APIC. */
export const Q35: Pick<Attack, 'machine' | 'extra'> = { machine: 'q35', extra: ['-global', 'hpet.msi=on'] };

/** All attacks, with the letters of races.asm, storms.asm and sweeps.asm. Race `c` needs INITs that stay pending: not in QEMU. */
export const PLAN: readonly Planned[] = [
  ...(['n', 'i', 'c'] as const).map((kind) => race('AMD-V of Bochs', kind)),
  ...(['n', 'i'] as const).map((kind) => race('QEMU', kind)),
  ...[2, 4].flatMap((cpus) => (['h', 'a'] as const).map((kind) => storm('AMD-V of Bochs', kind, cpus))),
  ...[2, 4].flatMap((cpus) => (['h', 'a'] as const).map((kind) => storm('QEMU', kind, cpus))),
  ...[2, 4].flatMap((cpus) => (['h', 'a'] as const).map((kind) => storm('QEMU', kind, cpus, Q35))),
  ...(['a', 'w', 'i'] as const).flatMap((kind) => [sweep('AMD-V of Bochs', kind), sweep('QEMU', kind)]),
  ...(['a', 'i', 'x'] as const).map((kind) => sweep('VT-x of Bochs', kind)),
  sweep('AMD-V of Bochs', 'x'),
];

function words(emulator: Emulator, kind: string, attempts: number, seed: number, cpus: number): string {
  return [kind, attempts, seed, PATIENCE[emulator], LONGEST_DELAY[emulator], cpus].join(' ');
}

/** A race with at most `attempts` attempts in a run; `c` has only one for each processor except two. */
export function race(emulator: Emulator, kind: Race, attempts: number = ATTEMPTS[emulator]): Planned {
  const cpus = RACING_PROCESSORS[kind];
  const attack = (seed: number): Attack => ({
    ...{ emulator, program: 'races', cpus, words: words(emulator, kind, attempts, seed, cpus) },
  });
  return { name: `races ${kind}, ${emulator}`, attack };
}

export function storm(emulator: Emulator, kind: 'h' | 'a', cpus: number, machine: typeof Q35 = {}): Planned {
  const attack = (seed: number): Attack => ({
    ...{ emulator, program: 'storms', cpus, words: words(emulator, kind, ATTEMPTS[emulator], seed, cpus), ...machine },
  });
  const place = machine.machine === undefined ? emulator : `${emulator}'s ${machine.machine}`;
  return { name: `storms ${kind}, ${cpus} processors, ${place}`, attack };
}

/** A sweep of random values over the registers that the letter selects in sweeps.asm. */
export function sweep(emulator: Emulator, kind: 'a' | 'w' | 'i' | 'x'): Planned {
  const cpus = 3;
  const attack = (seed: number): Attack => ({
    ...{ emulator, program: 'sweeps', cpus, words: words(emulator, kind, SWEEP_ATTEMPTS, seed, cpus) },
  });
  return { name: `sweeps ${kind}, ${emulator}`, attack };
}

/** The finding in an attack's outcome, or null. */
export function findingOf({ serial, ended, values }: Outcome): string | null {
  const escape = escapeOf({ values });
  if (escape !== null) return escape;
  const trouble = /^tsvm: (crash|.*refused to enter).*$/m.exec(serial);
  if (trouble !== null) return trouble[0];
  if (!values.has('attempts in all')) return `it ended before its last attempt: ${ended}`;
  if (ended === 'timeout') return 'it did not end';
  return null;
}

/** The number of the attempt in which a processor escaped, or null. */
export function escapeOf({ values }: Pick<Outcome, 'values'>): string | null {
  const attempt = values.get('ESCAPED');
  return attempt === undefined ? null : `a processor left the hypervisor in attempt ${attempt}`;
}
