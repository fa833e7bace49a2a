/**
 * INIT and SIPI where a SIPI is no exit (AMD-V), so that the commands which send them are watched (kernel/exits/apic.ts). A
 * SIPI is sent with the vector of the trampoline in place of its own: the processor that it starts comes to the hypervisor
 * first, and from there into the guest at the vector that the guest has sent. Until then the processor is in nobody's
 * hands: an NMI would have it go where the guest's memory says.
 */
import { requires, u32, type u64 } from '../../transpiler/lib/index.js';
import { COMMAND_IS_LOGICAL, Shorthand, SHORTHAND_MASK, STARTUP_VECTOR } from '../machine/localApic.js';
import { MAX_PROCESSORS, processorCount } from '../machine/madt.js';
import { vcpuOf } from './processors.js';
import { trampolineVector } from './trampoline.js';
import type { Vcpu } from './vcpu.js';

const XAPIC_BROADCAST = 0xff;
const X2APIC_BROADCAST = 0xffff_ffff;

/** Kernels of 64 bits run in the upper half of all addresses; firmware in the lower, at the addresses of memory. */
const HALF_SHIFT = 63n;

/**
 * Notes the SIPI `command`, the low half of the command register, which the guest of `sender` gives at `rip`, for all
 * processors whom it may reach. Returns what is to be sent to the same `destination`, a byte, or wide in x2APIC mode.
 */
export function redirectStartup(sender: Vcpu, rip: u64, command: u32, destination: u32, isWide: boolean): u32 {
  const count = processorCount();
  const vector = u32(command & STARTUP_VECTOR);
  for (let number: u32 = 0; number < count; number++) {
    if (mayReach(sender, command, destination, isWide, number)) noteStartup(number, vector, u32(rip >> HALF_SHIFT));
  }
  return u32(u32(command & ~STARTUP_VECTOR) | trampolineVector());
}

/** Notes the INIT `command` for all processors whom it may reach: until a SIPI they run no guest. */
export function noteReset(sender: Vcpu, command: u32, destination: u32, isWide: boolean): void {
  const count = processorCount();
  for (let number: u32 = 1; number < count; number++) {
    if (mayReach(sender, command, destination, isWide, number)) vcpuOf(number).mailbox.runsGuest = 0;
  }
}

/** Whether `command` may reach a processor that runs no guest. */
export function mayReachWaiting(sender: Vcpu, command: u32, destination: u32, isWide: boolean): boolean {
  // An INIT leaves an xAPIC without a logical destination of its own (SDM 3A 10.4.7.3; APM 2, 16.3.3).
  if (!isWide && isLogical(command) && destination !== XAPIC_BROADCAST) return false;
  const count = processorCount();
  for (let number: u32 = 1; number < count; number++) {
    const isWaiting = vcpuOf(number).mailbox.runsGuest === 0;
    if (isWaiting && mayReach(sender, command, destination, isWide, number)) return true;
  }
  return false;
}

/** Only a processor itself knows which logical destinations are its own: such a command may reach all. */
function mayReach(sender: Vcpu, command: u32, destination: u32, isWide: boolean, number: u32): boolean {
  requires(number < MAX_PROCESSORS);
  if (destination === (isWide ? X2APIC_BROADCAST : XAPIC_BROADCAST)) return true;
  switch (u32(command & SHORTHAND_MASK)) {
    case Shorthand.self:
      return number === sender.number;
    case Shorthand.others:
      return number !== sender.number;
    case Shorthand.all:
      return true;
    default:
      return isLogical(command) || destination === vcpuOf(number).apicId;
  }
}

function isLogical(command: u32): boolean {
  return u32(command & COMMAND_IS_LOGICAL) !== 0;
}

function noteStartup(number: u32, vector: u32, isKernels: u32): void {
  requires(number < MAX_PROCESSORS);
  const mailbox = vcpuOf(number).mailbox;
  mailbox.isKernels = isKernels;
  mailbox.startVector = vector;
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
