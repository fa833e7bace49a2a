/**
 * Owners of memory regions and ports, which answer accesses to them. An owner is a number: only exits/mediate.ts knows
 * the function for it, and accesses are counted by it (observe/counters.ts).
 */
import { list, requires, STRING, type u32 } from '../../transpiler/lib/index.js';

export const Owner = {
  /** The guest itself: accesses are not intercepted. */
  guest: 0,
  /** The registers of the local APICs, and the addresses at which messages become interrupts. */
  localApic: 1,
  /** The byte with SLP_TYP and SLP_EN of PM1a control and of the sleep control register. */
  sleepA: 2,
  /** The same byte of PM1b control. */
  sleepB: 3,
  /** The index that selects a byte of CMOS memory, among them the shutdown code. */
  cmosIndex: 4,
} as const;
export type Owner = (typeof Owner)[keyof typeof Owner];
export const OWNERS = 5;

const names = list(STRING, [
  'the guest',
  'the local APIC',
  'the sleep register A',
  'the sleep register B',
  'the index of CMOS memory',
]);

/** The name of `owner` in messages. */
export function nameOfOwner(owner: u32): string {
  requires(owner < OWNERS);
  return names.get(owner);
}
