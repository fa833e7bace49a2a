/**
 * INIT and SIPI where a SIPI is no exit (AMD-V), so that the commands which send them are watched (kernel/exits/apic.ts). A
 * SIPI is sent with the vector of the trampoline in place of its own: the processor that it starts comes to the hypervisor
 * first, and from there into the guest at the vector that the guest has sent. Until then the processor is in nobody's
 * hands: an NMI would have it go where the guest's memory says.
 */
import { arr, at, instance, requires, struct, U32, u32, type u64 } from '../../transpiler/lib/index.js';
import { STARTUP_VECTOR } from '../machine/localApic.js';
import { lastProcessor, MAX_PROCESSORS } from '../machine/madt.js';

/** Kernels of 64 bits run in the upper half of all addresses; firmware in the lower, at the addresses of memory. */
const HALF_SHIFT = 32n;
const UPPER_HALF = 0x8000_0000;

/** A word for each processor, by its number. What is noted of all at once takes few instructions for each. */
const Notes = struct('StartupNotes', { size: 1024, volatile: true }, { of: at(0, arr(U32, MAX_PROCESSORS)) });
/** 1 from when the guest has started the processor until it sends it an INIT. */
const running = instance(Notes, { align: 4 });
/** Of the last SIPI that was sent to it the vector, and UPPER_HALF where a kernel has sent it, not firmware. */
const sipis = instance(Notes, { align: 4 });

/** Notes the SIPI `command`, which the guest gives at `rip`, for processor `number`. */
export function noteStartup(number: u32, command: u32, rip: u64): void {
  requires(number < MAX_PROCESSORS);
  sipis.of.set(number, noteOf(command, rip));
}

/** Notes it for all. It does nothing to those that run, as the first processor always does, and neither does the note. */
export function noteStartups(command: u32, rip: u64): void {
  const note = noteOf(command, rip);
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) sipis.of.set(number, note);
}

function noteOf(command: u32, rip: u64): u32 {
  return u32((command & STARTUP_VECTOR) | (u32(rip >> HALF_SHIFT) & UPPER_HALF));
}

/** The vector of the last SIPI for processor `number`. */
export function startVectorOf(number: u32): u32 {
  requires(number < MAX_PROCESSORS);
  return sipis.of.get(number) & STARTUP_VECTOR;
}

/** Notes that processor `number` enters the guest that a SIPI has started. */
export function noteRun(number: u32): void {
  requires(number < MAX_PROCESSORS);
  running.of.set(number, 1);
}

/** Notes an INIT for processor `number`, which is not the first: until a SIPI it runs no guest. */
export function noteReset(number: u32): void {
  requires(number < MAX_PROCESSORS);
  running.of.set(number, 0);
}

/** Notes one for all but the first. */
export function noteResets(): void {
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) running.of.set(number, 0);
}

/** Whether processor `number` runs no guest. The first one always does. */
export function waitsForStartup(number: u32): boolean {
  requires(number < MAX_PROCESSORS);
  return number !== 0 && running.of.get(number) === 0;
}

/** Whether the guest has started all processors of the machine. */
export function everyProcessorRuns(): boolean {
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) {
    if (running.of.get(number) === 0) return false;
  }
  return true;
}

/** Whether a kernel has. UEFI firmware may start them before it hands over to the kernel, which starts them anew. */
export function kernelRunsEveryProcessor(): boolean {
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) {
    if (u32(sipis.of.get(number) & UPPER_HALF) === 0) return false;
  }
  return everyProcessorRuns();
}
