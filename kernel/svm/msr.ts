/** Accesses to MSRs that permissionMaps.ts names, and to those that are in no range of the map. */
import { gpa, hpa, tryRdmsr, tryWrmsr, u32, u64 } from '../../transpiler/lib/index.js';
import { Event, recordEvent } from '../exits/events.js';
import { isHidden } from '../memory/nestedPaging.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { decidesAddresses } from './addressDecoding.js';
import { guestEfer, writeGuestEfer } from './efer.js';
import { Exception, injectExceptionWithCode } from './inject.js';
import { instructionLength, Opcode, skipInstruction } from './instruction.js';
import { APIC_BASE, EFER, PATCH_LOADER, VM_CR, VM_CR_LOCK, VM_CR_SVM_DISABLED, VM_HSAVE_PA } from './registers.js';
import type { Vmcb } from './vmcb.js';

/** EXITINFO1 (APM 2, 15.11). */
const WRITE = 1n;
/** A range that hypervisors use for MSRs of their own; no processor has them. */
const SYNTHETIC_FIRST = 0x4000_0000;
const SYNTHETIC_LAST = 0x4000_00ff;
const PAGE_OFFSET = 0xfffn;
const APIC_ADDRESS = 0x000f_ffff_ffff_f000n;

/** RDMSR or WRMSR. */
export function onMsr(vcpu: Vcpu, vmcb: Vmcb): void {
  const isWrite = vmcb.exitInfo1 === WRITE;
  const length = instructionLength(vmcb, isWrite ? Opcode.wrmsr : Opcode.rdmsr);
  if (length === 0) return;
  const done = isWrite ? writeMsr(vcpu, vmcb) : readMsr(vcpu, vmcb);
  if (done) skipInstruction(vmcb, length);
  else injectExceptionWithCode(vmcb, Exception.generalProtection, 0);
}

function readMsr(vcpu: Vcpu, vmcb: Vmcb): boolean {
  switch (u32(vcpu.registers.rcx)) {
    case EFER:
      return giveMsr(vcpu, guestEfer(vmcb));
    case VM_CR:
      return giveMsr(vcpu, VM_CR_LOCK | VM_CR_SVM_DISABLED);
    case VM_HSAVE_PA:
      return giveMsr(vcpu, u64(vcpu.guestHostSave));
    default:
      return readOtherMsr(vcpu);
  }
}

function readOtherMsr(vcpu: Vcpu): boolean {
  const number = u32(vcpu.registers.rcx);
  if (isSynthetic(number)) return false;
  const seen = tryRdmsr(number);
  return !seen.faulted && giveMsr(vcpu, seen.value);
}

function giveMsr(vcpu: Vcpu, value: u64): boolean {
  vcpu.registers.rax = value & 0xffff_ffffn;
  vcpu.registers.rdx = value >> 32n;
  return true;
}

function writeMsr(vcpu: Vcpu, vmcb: Vmcb): boolean {
  const number = u32(vcpu.registers.rcx);
  const value = u64((vcpu.registers.rdx << 32n) | (vcpu.registers.rax & 0xffff_ffffn));
  switch (number) {
    case EFER:
      return writeGuestEfer(vmcb, value);
    case VM_CR:
      return true; // locked: what may be written of it is ignored
    case VM_HSAVE_PA:
      return writeHostSave(vcpu, vmcb, value);
    case APIC_BASE:
      return writeApicBase(vmcb, value);
    case PATCH_LOADER:
      recordEvent(Event.microcode, value, vmcb.rip);
      return true; // as a patch that the processor does not take
    default:
      return writeOtherMsr(vmcb, number, value);
  }
}

function writeOtherMsr(vmcb: Vmcb, number: u32, value: u64): boolean {
  if (isSynthetic(number)) return false;
  if (!decidesAddresses(number)) return tryWrmsr(number, value);
  const present = tryRdmsr(number);
  if (present.value === value) return true;
  recordEvent(Event.addressDecoding, u64(number), vmcb.rip);
  return false;
}

/** With SVM off the register is a register without effect: Linux clears it before it reboots. */
function writeHostSave(vcpu: Vcpu, vmcb: Vmcb, value: u64): boolean {
  if (value !== 0n) recordEvent(Event.hostSaveWrite, value, vmcb.rip);
  if ((value & PAGE_OFFSET) !== 0n) return false;
  vcpu.guestHostSave = hpa(value);
  return true;
}

/** An APIC over hidden memory would take the hypervisor's accesses to it. */
function writeApicBase(vmcb: Vmcb, value: u64): boolean {
  const base = gpa(value & APIC_ADDRESS);
  if (isHidden(base)) {
    recordEvent(Event.hiddenMemory, u64(base), vmcb.rip);
    return false;
  }
  return tryWrmsr(APIC_BASE, value);
}

function isSynthetic(number: u32): boolean {
  return number >= SYNTHETIC_FIRST && number <= SYNTHETIC_LAST;
}
