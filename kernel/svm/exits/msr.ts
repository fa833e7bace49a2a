/** Handles intercepted accesses to MSRs. The MSR's owner decides the answer (access/msrOwner.ts). */
import { hpa, u32, u64 } from '../../../transpiler/lib/index.js';
import { MsrOwner } from '../../access/msrOwner.js';
import { ownerOf } from '../../access/msrOwners.js';
import { Answer } from '../../access/answer.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import { writeX2ApicIcr } from '../../devices/localApic/mediator.js';
import { giveMsr, msrValue, readMsr, writeMsr, writeProcessor } from '../../exits/msr.js';
import { X2APIC_ICR } from '../../machine/localApic.js';
import { isShadowed } from '../../space/mtrrShadow.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { svmInterceptsApic } from '../reset/apicInterception.js';
import { guestEfer, writeGuestEfer } from '../control/efer.js';
import { finishInstruction, instructionLength, Opcode } from '../control/instruction.js';
import { interceptReads } from '../control/permissionMaps.js';
import { VM_CR_LOCK, VM_CR_SVM_DISABLED } from '../control/registers.js';
import type { Vmcb } from '../control/vmcb.js';
import { OFFSET_IN_PAGE } from '../../x86/pages.js';

/** EXITINFO1 of an MSR access (APM 2, 15.11). */
const WRITE = 1n;

/** Handles RDMSR or WRMSR. */
export function onMsr(vcpu: Vcpu, vmcb: Vmcb): void {
  const isWrite = vmcb.exitInfo1 === WRITE;
  const length = instructionLength(vmcb, isWrite ? Opcode.wrmsr : Opcode.rdmsr);
  if (length === 0) return;
  finishInstruction(vmcb, length, isWrite ? write(vcpu, vmcb) : read(vcpu, vmcb));
}

function read(vcpu: Vcpu, vmcb: Vmcb): Answer {
  const registers = vcpu.registers;
  const number = u32(registers.rcx);
  const owner = ownerOf(number);
  switch (owner) {
    case MsrOwner.efer:
      return giveMsr(registers, guestEfer(vmcb));
    case MsrOwner.virtualization:
      return giveMsr(registers, VM_CR_LOCK | VM_CR_SVM_DISABLED);
    case MsrOwner.hostSave:
      return giveMsr(registers, u64(vcpu.svm.guestHostSave));
    default:
      return readMsr(vcpu, owner, number, vmcb.rip);
  }
}

function write(vcpu: Vcpu, vmcb: Vmcb): Answer {
  const number = u32(vcpu.registers.rcx);
  const value = msrValue(vcpu.registers);
  const owner = ownerOf(number);
  switch (owner) {
    case MsrOwner.efer:
      return writeGuestEfer(vmcb, value) ? Answer.done : Answer.generalProtection;
    case MsrOwner.virtualization:
      return Answer.done; // locked: what may be written of it is ignored
    case MsrOwner.hostSave:
      return writeHostSave(vcpu, vmcb, value);
    case MsrOwner.command:
      return writeCommand(vcpu, vmcb, value);
    case MsrOwner.memoryType:
      return writeMemoryType(vcpu, number, value, vmcb.rip);
    default:
      return writeMsr(vcpu, owner, number, value, vmcb.rip);
  }
}

/** Writes an MTRR. If the value did not reach the register, reads of it are intercepted from now on. */
function writeMemoryType(vcpu: Vcpu, number: u32, value: u64, rip: u64): Answer {
  const answer = writeMsr(vcpu, MsrOwner.memoryType, number, value, rip);
  if (isShadowed(vcpu.mtrrs, number)) interceptReads(number);
  return answer;
}

/** Writes the ICR in x2APIC mode. */
function writeCommand(vcpu: Vcpu, vmcb: Vmcb, value: u64): Answer {
  return svmInterceptsApic() ? writeX2ApicIcr(vcpu, value, vmcb.rip) : writeProcessor(X2APIC_ICR, value);
}

/** Writes VM_HSAVE_PA. With SVM disabled it is a register without effect; Linux clears it before it reboots. */
function writeHostSave(vcpu: Vcpu, vmcb: Vmcb, value: u64): Answer {
  if (value !== 0n) recordEvent(Event.hostSaveWrite, value, vmcb.rip);
  if ((value & OFFSET_IN_PAGE) !== 0n) return Answer.generalProtection;
  vcpu.svm.guestHostSave = hpa(value);
  return Answer.done;
}
