/** MSR accesses that exit, and mean the same on every processor. */
import { gpa, tryRdmsr, tryWrmsr, u32, u64 } from '../../transpiler/lib/index.js';
import { keepsApicPage } from '../machine/localApic.js';
import { isHidden } from '../memory/nestedPaging.js';
import type { Registers } from '../vcpu/vcpu.js';
import { Answer } from './answer.js';
import { isApicFixed, noteApicBase } from './apic.js';
import { Event, recordEvent } from './events.js';

/** Local APIC base address (SDM 3A 10.4.4; APM 2, 16.3.1). */
const APIC_BASE = 0x1b;
const APIC_ADDRESS = 0x000f_ffff_ffff_f000n;

/**
 * Ranges that hypervisors use for MSRs of their own, the second one KVM; no processor has them. One that tsvm itself runs
 * under would take the guest's values for tsvm's, and write to its memory.
 */
const SYNTHETIC_FIRST = 0x4000_0000;
const SYNTHETIC_LAST = 0x4000_00ff;
const KVM_FIRST = 0x4b56_4d00;
const KVM_LAST = 0x4b56_4dff;

/** RDMSR of a register that is the processor's own, if it exists. */
export function readMsr(registers: Registers): Answer {
  const number = u32(registers.rcx);
  if (isSynthetic(number)) return Answer.generalProtection;
  const seen = tryRdmsr(number);
  return seen.faulted ? Answer.generalProtection : giveMsr(registers, seen.value);
}

/** WRMSR of a register that is the processor's own, if it exists and takes the value. */
export function writeMsr(registers: Registers): Answer {
  const number = u32(registers.rcx);
  if (isSynthetic(number)) return Answer.generalProtection;
  return tryWrmsr(number, msrValue(registers)) ? Answer.done : Answer.generalProtection;
}

/** RDMSR gives `value`. */
export function giveMsr(registers: Registers, value: u64): Answer {
  registers.rax = value & 0xffff_ffffn;
  registers.rdx = value >> 32n;
  return Answer.done;
}

/** What WRMSR is to write. */
export function msrValue(registers: Registers): u64 {
  return u64((registers.rdx << 32n) | (registers.rax & 0xffff_ffffn));
}

/**
 * An APIC over hidden memory would take the hypervisor's accesses to it, and one that is watched, or may be again, stays
 * where it is. `rip` is where the guest was.
 */
export function writeApicBase(value: u64, rip: u64): Answer {
  const base = gpa(value & APIC_ADDRESS);
  if (isHidden(base)) {
    recordEvent(Event.hiddenMemory, u64(base), rip);
    return Answer.generalProtection;
  }
  if (isApicFixed() && !keepsApicPage(value)) {
    recordEvent(Event.addressDecoding, u64(APIC_BASE), rip);
    return Answer.generalProtection;
  }
  noteApicBase(value);
  return tryWrmsr(APIC_BASE, value) ? Answer.done : Answer.generalProtection;
}

/** As where the processor finds the update at `address` unfit: nothing happens. Updates are the firmware's. */
export function ignoreMicrocode(address: u64, rip: u64): Answer {
  recordEvent(Event.microcode, address, rip);
  return Answer.done;
}

function isSynthetic(number: u32): boolean {
  return (number >= SYNTHETIC_FIRST && number <= SYNTHETIC_LAST) || (number >= KVM_FIRST && number <= KVM_LAST);
}
