/**
 * SIPIs where they are no exits (AMD-V), so that the commands which send them are watched (kernel/exits/apic.ts). A SIPI
 * is sent with the vector of the trampoline in place of its own: the processor that it starts comes to the hypervisor
 * first, and from there into the guest at the vector that the guest has sent.
 */
import { requires, u32 } from '../../transpiler/lib/index.js';
import { COMMAND_IS_LOGICAL, Shorthand, SHORTHAND_MASK, STARTUP_VECTOR } from '../machine/localApic.js';
import { MAX_PROCESSORS, processorCount } from '../machine/madt.js';
import { vcpuOf } from './processors.js';
import { trampolineVector } from './trampoline.js';
import type { Vcpu } from './vcpu.js';

const XAPIC_BROADCAST = 0xff;
const X2APIC_BROADCAST = 0xffff_ffff;

/**
 * Notes the SIPI `command`, the low half of the command register, of the guest of `sender` for all processors whom it
 * may reach. Returns what is to be sent to the same `destination`, a byte, or wide in x2APIC mode.
 */
export function redirectStartup(sender: Vcpu, command: u32, destination: u32, isWide: boolean): u32 {
  const count = processorCount();
  const vector = u32(command & STARTUP_VECTOR);
  const broadcast = isWide ? X2APIC_BROADCAST : XAPIC_BROADCAST;
  for (let number: u32 = 0; number < count; number++) {
    const mayReach = destination === broadcast || isAddressed(sender, command, destination, number);
    if (mayReach) vcpuOf(number).mailbox.startVector = vector;
  }
  return u32(u32(command & ~STARTUP_VECTOR) | trampolineVector());
}

/** Only a processor itself knows which logical destinations are its own: such a command is noted for all. */
function isAddressed(sender: Vcpu, command: u32, destination: u32, number: u32): boolean {
  requires(number < MAX_PROCESSORS);
  switch (u32(command & SHORTHAND_MASK)) {
    case Shorthand.self:
      return number === sender.number;
    case Shorthand.others:
      return number !== sender.number;
    case Shorthand.all:
      return true;
    default:
      return u32(command & COMMAND_IS_LOGICAL) !== 0 || destination === vcpuOf(number).apicId;
  }
}

/** Whether the guest has started all processors of the machine. */
export function everyProcessorRuns(): boolean {
  const count = processorCount();
  for (let number: u32 = 1; number < count; number++) {
    if (vcpuOf(number).mailbox.runsGuest === 0) return false;
  }
  return true;
}
