/**
 * INIT and SIPI where a SIPI is no exit (AMD-V), so that the commands which send them are watched (kernel/exits/apic.ts). A
 * SIPI is sent with the vector of the trampoline in place of its own: the processor that it starts comes to the hypervisor
 * first, and from there into the guest at the vector that the guest has sent. Until then the processor is in nobody's
 * hands: an NMI would have it go where the guest's memory says.
 */
import { requires, u32, type u64 } from '../../transpiler/lib/index.js';
import { STARTUP_VECTOR } from '../machine/localApic.js';
import { MAX_PROCESSORS, processorCount } from '../machine/madt.js';
import { vcpuOf } from './processors.js';

/** Kernels of 64 bits run in the upper half of all addresses; firmware in the lower, at the addresses of memory. */
const HALF_SHIFT = 63n;

/** Notes the SIPI `command`, which the guest gives at `rip`, for processor `number`. */
export function noteStartup(number: u32, command: u32, rip: u64): void {
  requires(number < MAX_PROCESSORS);
  const mailbox = vcpuOf(number).mailbox;
  mailbox.isKernels = u32(rip >> HALF_SHIFT);
  mailbox.startVector = u32(command & STARTUP_VECTOR);
}

/** Notes an INIT for processor `number`, which is not the first: until a SIPI it runs no guest. */
export function noteReset(number: u32): void {
  requires(number < MAX_PROCESSORS);
  vcpuOf(number).mailbox.runsGuest = 0;
}

/** Whether processor `number` runs no guest. The first one always does. */
export function waitsForStartup(number: u32): boolean {
  requires(number < MAX_PROCESSORS);
  return number !== 0 && vcpuOf(number).mailbox.runsGuest === 0;
}

/** Whether the guest has started all processors of the machine. */
export function everyProcessorRuns(): boolean {
  const count = processorCount();
  for (let number: u32 = 1; number < count; number++) {
    if (vcpuOf(number).mailbox.runsGuest === 0) return false;
  }
  return true;
}

/** Whether a kernel has. UEFI firmware may start them before it hands over to the kernel, which starts them anew. */
export function kernelRunsEveryProcessor(): boolean {
  const count = processorCount();
  for (let number: u32 = 1; number < count; number++) {
    if (vcpuOf(number).mailbox.isKernels === 0) return false;
  }
  return everyProcessorRuns();
}
