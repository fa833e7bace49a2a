/** Accesses to MSRs that permissionMaps.ts names, and to those that are in no range of the bitmap. */
import { u32 } from '../../transpiler/lib/index.js';
import { Answer } from '../exits/answer.js';
import { ignoreMicrocode, msrValue, readMsr, writeApicBase, writeMsr } from '../exits/msr.js';
import type { Registers, Vcpu } from '../vcpu/vcpu.js';
import { finishInstruction } from './instruction.js';
import { FEEDBACK_POINTER, isMemoryWriter, writeFeedbackPointer } from './memoryWriters.js';
import { vmread } from './operations.js';
import { APIC_BASE } from '../vcpu/registers.js';
import { MICROCODE_LOAD, VMX_BASIC, VMX_LAST } from './registers.js';
import { Field } from './vmcs.js';

/** RDMSR. */
export function onReadMsr(vcpu: Vcpu): void {
  const registers = vcpu.registers;
  const number = u32(registers.rcx);
  if (isAbsent(number)) finishInstruction(Answer.generalProtection);
  else finishInstruction(readMsr(registers));
}

/** WRMSR. */
export function onWriteMsr(vcpu: Vcpu): void {
  finishInstruction(write(vcpu.registers));
}

function write(registers: Registers): Answer {
  const number = u32(registers.rcx);
  switch (number) {
    case APIC_BASE:
      return writeApicBase(msrValue(registers), vmread(Field.guestRip));
    case MICROCODE_LOAD:
      return ignoreMicrocode(msrValue(registers), vmread(Field.guestRip));
    case FEEDBACK_POINTER:
      return writeFeedbackPointer(registers, msrValue(registers), vmread(Field.guestRip));
    default:
      return isAbsent(number) ? Answer.generalProtection : writeMsr(registers);
  }
}

/** Registers of what CPUID does not show to the guest. */
function isAbsent(number: u32): boolean {
  return (number >= VMX_BASIC && number <= VMX_LAST) || isMemoryWriter(number);
}
