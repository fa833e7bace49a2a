/** What the soak runs, and how each run is judged. */
import type { Attack, Outcome } from './attack.js';

export interface Planned {
  readonly name: string;
  /** The attack with the random numbers of `seed`. */
  attack(seed: number): Attack;
}

const ATTEMPTS = { Bochs: 500, QEMU: 2000 } as const;
/** Counts of the time-stamp counter in which a processor starts: instructions in Bochs, time on QEMU. */
const PATIENCE = { Bochs: 2_000_000, QEMU: 2_000_000_000 } as const;
/** Random delays are shorter than this power of two, of rounds of a loop. */
const LONGEST_DELAY = { Bochs: 12, QEMU: 16 } as const;

/** The letters are those of races.asm and storms.asm. On QEMU an INIT of the I/O APIC is not held, so it is left out. */
export const PLAN: readonly Planned[] = [
  ...(['n', 'i', 'c'] as const).map((kind) => race('AMD-V of Bochs', kind)),
  ...(['n', 'i'] as const).map((kind) => race('QEMU', kind)),
  ...[2, 4].flatMap((cpus) => (['h', 'a'] as const).map((kind) => storm('AMD-V of Bochs', kind, cpus))),
  ...[2, 4].flatMap((cpus) => (['h', 'a'] as const).map((kind) => storm('QEMU', kind, cpus))),
];

type Place = 'AMD-V of Bochs' | 'QEMU';

function numbers(emulator: Place, seed: number): string {
  const of = emulator === 'QEMU' ? 'QEMU' : 'Bochs';
  return `${ATTEMPTS[of]} ${seed} ${PATIENCE[of]} ${LONGEST_DELAY[of]}`;
}

function race(emulator: Place, kind: string): Planned {
  const attack = (seed: number): Attack => ({
    ...{ emulator, program: 'races', cpus: 3, words: `${kind} ${numbers(emulator, seed)}` },
  });
  return { name: `races ${kind}, ${emulator}`, attack };
}

function storm(emulator: Place, kind: string, cpus: number): Planned {
  const attack = (seed: number): Attack => ({
    ...{ emulator, program: 'storms', cpus, words: `${kind} ${numbers(emulator, seed)} ${cpus}` },
  });
  return { name: `storms ${kind}, ${cpus} processors, ${emulator}`, attack };
}

/** What is wrong with how a race or a storm ended, or null. */
export function findingOf({ serial, ended, values }: Outcome): string | null {
  if (values.has('ESCAPED')) return `a processor left the hypervisor in attempt ${values.get('ESCAPED') ?? 0}`;
  const trouble = /^tsvm: (crash|.*refused to enter).*$/m.exec(serial);
  if (trouble !== null) return trouble[0];
  if (!values.has('attempts in all')) return `it ended before its last attempt: ${ended}`;
  if (ended === 'timeout') return 'it did not end';
  return null;
}
