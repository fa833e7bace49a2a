/** Handles intercepted accesses to MSRs. The MSR's owner decides the answer (access/msrOwner.ts). */
import { u32, type u64 } from '../../../transpiler/lib/index.js';
import { MsrOwner } from '../../access/msrOwner.js';
import { MSRS_IN_RANGE, ownerOf } from '../../access/msrOwners.js';
import type { Answer } from '../../access/answer.js';
import { msrValue, readMsr, writeMsr } from '../../exits/msr.js';
import { isShadowed } from '../../space/mtrrShadow.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { finishInstruction } from '../control/finishInstruction.js';
import { writeFeedbackPointer } from './feedbackPointer.js';
import { vmread } from '../control/operations.js';
import { interceptReads } from '../control/permissionMaps.js';
import { Field } from '../control/vmcs.js';

/** Handles RDMSR. */
export function onReadMsr(vcpu: Vcpu): void {
  const number = u32(vcpu.registers.rcx);
  finishInstruction(readMsr(vcpu, ownerOf(number), number, vmread(Field.guestRip)));
}

/** Handles WRMSR. */
export function onWriteMsr(vcpu: Vcpu): void {
  const number = u32(vcpu.registers.rcx);
  finishInstruction(write(vcpu, number, msrValue(vcpu.registers), vmread(Field.guestRip)));
}

/**
 * Writes an MSR. If it is an MTRR and the value did not reach the register, reads of it are intercepted from now on.
 */
function write(vcpu: Vcpu, number: u32, value: u64, rip: u64): Answer {
  const owner = ownerOf(number);
  if (owner === MsrOwner.feedback) return writeFeedbackPointer(value, rip);
  const answer = writeMsr(vcpu, owner, number, value, rip);
  if (owner === MsrOwner.memoryType && number < MSRS_IN_RANGE && isShadowed(vcpu.mtrrs, number)) interceptReads(number);
  return answer;
}
