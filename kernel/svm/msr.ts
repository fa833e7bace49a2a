/** Accesses to MSRs that permissionMaps.ts names, and to those that are in no range of the map. */
import { hpa, tryRdmsr, u32, u64 } from '../../transpiler/lib/index.js';
import { Answer } from '../exits/answer.js';
import { Event, recordEvent } from '../exits/events.js';
import { writeX2ApicCommand } from '../exits/apic.js';
import { giveMsr, ignoreMicrocode, msrValue, readMsr, writeApicBase, writeMsr } from '../exits/msr.js';
import { X2APIC_COMMAND } from '../machine/localApic.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { decidesAddresses } from './addressDecoding.js';
import { svmIsApicWatched } from './apicWatch.js';
import { guestEfer, writeGuestEfer } from './efer.js';
import { finishInstruction, instructionLength, Opcode } from './instruction.js';
import { APIC_BASE, EFER } from '../vcpu/registers.js';
import { PATCH_LOADER, VM_CR, VM_CR_LOCK, VM_CR_SVM_DISABLED, VM_HSAVE_PA } from './registers.js';
import type { Vmcb } from './vmcb.js';

/** EXITINFO1 (APM 2, 15.11). */
const WRITE = 1n;
const PAGE_OFFSET = 0xfffn;

/** RDMSR or WRMSR. */
export function onMsr(vcpu: Vcpu, vmcb: Vmcb): void {
  const isWrite = vmcb.exitInfo1 === WRITE;
  const length = instructionLength(vmcb, isWrite ? Opcode.wrmsr : Opcode.rdmsr);
  if (length === 0) return;
  finishInstruction(vmcb, length, isWrite ? write(vcpu, vmcb) : read(vcpu, vmcb));
}

function read(vcpu: Vcpu, vmcb: Vmcb): Answer {
  const registers = vcpu.registers;
  switch (u32(registers.rcx)) {
    case EFER:
      return giveMsr(registers, guestEfer(vmcb));
    case VM_CR:
      return giveMsr(registers, VM_CR_LOCK | VM_CR_SVM_DISABLED);
    case VM_HSAVE_PA:
      return giveMsr(registers, u64(vcpu.guestHostSave));
    default:
      return readMsr(registers);
  }
}

function write(vcpu: Vcpu, vmcb: Vmcb): Answer {
  const registers = vcpu.registers;
  const value = msrValue(registers);
  switch (u32(registers.rcx)) {
    case EFER:
      return writeGuestEfer(vmcb, value) ? Answer.done : Answer.generalProtection;
    case VM_CR:
      return Answer.done; // locked: what may be written of it is ignored
    case VM_HSAVE_PA:
      return writeHostSave(vcpu, vmcb, value);
    case APIC_BASE:
      return writeApicBase(value, vmcb.rip);
    case X2APIC_COMMAND:
      return writeCommand(vcpu, vmcb, value);
    case PATCH_LOADER:
      return ignoreMicrocode(value, vmcb.rip);
    default:
      return decidesAddresses(u32(registers.rcx)) ? keepAddresses(vcpu, vmcb) : writeMsr(registers);
  }
}

/** A command to the local APIC in x2APIC mode. */
function writeCommand(vcpu: Vcpu, vmcb: Vmcb, value: u64): Answer {
  return svmIsApicWatched() ? writeX2ApicCommand(vcpu, value, vmcb.rip) : writeMsr(vcpu.registers);
}

/** What answers at an address stays: only the present value may be written. */
function keepAddresses(vcpu: Vcpu, vmcb: Vmcb): Answer {
  const number = u32(vcpu.registers.rcx);
  const present = tryRdmsr(number);
  if (present.value === msrValue(vcpu.registers)) return Answer.done;
  recordEvent(Event.addressDecoding, u64(number), vmcb.rip);
  return Answer.generalProtection;
}

/** With SVM off the register is a register without effect: Linux clears it before it reboots. */
function writeHostSave(vcpu: Vcpu, vmcb: Vmcb, value: u64): Answer {
  if (value !== 0n) recordEvent(Event.hostSaveWrite, value, vmcb.rip);
  if ((value & PAGE_OFFSET) !== 0n) return Answer.generalProtection;
  vcpu.guestHostSave = hpa(value);
  return Answer.done;
}
