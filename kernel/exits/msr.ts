/** Intercepted MSR accesses that both vendors handle alike. access/msrOwner.ts describes the owners. */
import { gpa, tryRdmsr, tryWrmsr, u64, type u32 } from '../../transpiler/lib/index.js';
import { noteRefusal } from '../access/msrOwners.js';
import { MsrOwner } from '../access/msrOwner.js';
import { changeableBits } from '../access/msrParts.js';
import { keepsApicPage } from '../machine/localApic.js';
import { guestMtrr, writeMtrr } from '../space/mtrrShadow.js';
import { isHidden } from '../space/nestedPaging.js';
import type { Registers, Vcpu } from '../vcpu/vcpu.js';
import { Answer } from '../access/answer.js';
import { isApicFixed, noteApicBase } from '../devices/localApic/mediator.js';
import { Event } from '../observe/events.js';
import { recordEvent } from '../report/events.js';

/** Local APIC base address (SDM 3A 10.4.4; APM 2, 16.3.1). */
const APIC_BASE = 0x1b;
const APIC_ADDRESS = 0x000f_ffff_ffff_f000n;

/** Emulates RDMSR of the MSR `number`, which has `owner`, at the guest's `rip`. */
export function readMsr(vcpu: Vcpu, owner: u32, number: u32, rip: u64): Answer {
  switch (owner) {
    case MsrOwner.refused:
      return refuseMsr(number, rip);
    case MsrOwner.absent:
      return Answer.generalProtection;
    case MsrOwner.memoryType:
      return giveMsr(vcpu.registers, guestMtrr(vcpu.mtrrs, number));
    default:
      return readProcessor(vcpu.registers, number);
  }
}

/** Emulates WRMSR of `value` to the MSR `number`, which has `owner`, at the guest's `rip`. */
export function writeMsr(vcpu: Vcpu, owner: u32, number: u32, value: u64, rip: u64): Answer {
  switch (owner) {
    case MsrOwner.refused:
      return refuseMsr(number, rip);
    case MsrOwner.absent:
      return Answer.generalProtection;
    case MsrOwner.fixed:
      return keepValue(number, value, rip);
    case MsrOwner.partly:
      return changePart(number, value, rip);
    case MsrOwner.memoryType:
      return writeMtrr(vcpu.mtrrs, number, value) ? Answer.done : Answer.generalProtection;
    case MsrOwner.apicBase:
      return writeApicBase(value, rip);
    case MsrOwner.microcode:
      return ignoreMicrocode(value, rip);
    default:
      return writeProcessor(number, value);
  }
}

/** Executes WRMSR on the processor, which may lack the register or reject the value. */
export function writeProcessor(number: u32, value: u64): Answer {
  return tryWrmsr(number, value) ? Answer.done : Answer.generalProtection;
}

function readProcessor(registers: Registers, number: u32): Answer {
  const seen = tryRdmsr(number);
  return seen.faulted ? Answer.generalProtection : giveMsr(registers, seen.value);
}

/** Refuses an access. Only the first access to each MSR in a map is an event. */
function refuseMsr(number: u32, rip: u64): Answer {
  recordEvent(Event.refusedMsr, u64(number), rip);
  noteRefusal(number);
  return Answer.generalProtection;
}

/**
 * Keeps the present value: any other write raises #GP. Firmware decides these MSRs, such as what answers at an address.
 */
function keepValue(number: u32, value: u64, rip: u64): Answer {
  const present = tryRdmsr(number);
  if (!present.faulted && present.value === value) return Answer.done;
  recordEvent(Event.fixedMsr, u64(number), rip);
  return Answer.generalProtection;
}

/**
 * Writes only the bits that may change. The others stay without #GP, since kernels write these MSRs without handling
 * it.
 */
function changePart(number: u32, value: u64, rip: u64): Answer {
  const present = tryRdmsr(number);
  if (present.faulted) return Answer.generalProtection;
  const changeable = changeableBits(number);
  const written = (present.value & u64(~changeable)) | (value & changeable);
  if (written !== value) recordEvent(Event.fixedMsrBits, u64(number), rip);
  return written === present.value ? Answer.done : writeProcessor(number, written);
}

/** Returns `value` as the result of RDMSR. */
export function giveMsr(registers: Registers, value: u64): Answer {
  registers.rax = value & 0xffff_ffffn;
  registers.rdx = value >> 32n;
  return Answer.done;
}

/** The value that WRMSR writes. */
export function msrValue(registers: Registers): u64 {
  return u64((registers.rdx << 32n) | (registers.rax & 0xffff_ffffn));
}

/**
 * Writes APIC_BASE at the guest's `rip`. Refuses an APIC over hidden memory, because it would take the hypervisor's
 * accesses there. Also refuses to move an APIC whose writes are intercepted, or may be again.
 */
export function writeApicBase(value: u64, rip: u64): Answer {
  const base = gpa(value & APIC_ADDRESS);
  if (isHidden(base)) {
    recordEvent(Event.hiddenMemory, u64(base), rip);
    return Answer.generalProtection;
  }
  if (isApicFixed() && !keepsApicPage(value)) {
    recordEvent(Event.fixedMsr, u64(APIC_BASE), rip);
    return Answer.generalProtection;
  }
  noteApicBase(value);
  return tryWrmsr(APIC_BASE, value) ? Answer.done : Answer.generalProtection;
}

/** Ignores the update at `address`, as the processor ignores an unsuitable one. Updates are left to the firmware. */
function ignoreMicrocode(address: u64, rip: u64): Answer {
  recordEvent(Event.microcode, address, rip);
  return Answer.done;
}
