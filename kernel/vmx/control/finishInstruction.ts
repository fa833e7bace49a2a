/** Finishes an instruction that the hypervisor emulated (SDM 3C 27.3.3 and 24.4.2). */
import { u64, type u32 } from '../../../transpiler/lib/index.js';
import { Answer } from '../../access/answer.js';
import { endShadow, Exception, injectException, injectExceptionWithCode, SHADOWS } from './inject.js';
import { vmread, vmwrite } from './operations.js';
import { RFLAGS_RF, RFLAGS_TF } from '../../x86/registers.js';
import { Field } from './vmcs.js';

/** Pending debug exceptions: single step (SDM 3C, table 24-4). */
const SINGLE_STEP = 1n << 14n;
/** IA32_DEBUGCTL.BTF: RFLAGS.TF traps branches only. */
const DEBUGCTL_BTF = 1n << 1n;

/**
 * Advances the guest's RIP past the instruction. After the last byte below 4 GiB of 32-bit code, RIP then has bit 32
 * set; entryFailure.ts clears it in that rare case, so no other code has to check.
 */
export function skipInstruction(): void {
  skipBytes(vmread(Field.instructionLength));
}

/** Moves the guest's RIP by `length`, for an instruction whose length the VMCS may not have. */
function skipBytes(length: u64): void {
  vmwrite(Field.guestRip, u64(vmread(Field.guestRip) + length));
  const shadows = vmread(Field.guestInterruptibility) & SHADOWS;
  const step = vmread(Field.guestRflags) & RFLAGS_TF;
  if ((shadows | step) !== 0n) endInstruction(step);
}

/** Ends blocking by STI and MOV SS, and makes a single step pending, unless only branches are stepped. */
function endInstruction(step: u64): void {
  endShadow();
  if (step === 0n || (vmread(Field.guestDebugControl) & DEBUGCTL_BTF) !== 0n) return;
  vmwrite(Field.guestPendingDebug, vmread(Field.guestPendingDebug) | SINGLE_STEP);
}

/** Ends the instruction according to the answer of a neutral handler. */
export function finishInstruction(answer: Answer): void {
  if (answer === Answer.done) skipInstruction();
  else refuse(answer);
}

/**
 * The same for an instruction of `length` bytes whose access to memory caused the exit. The VMCS may not have its length,
 * and has RF set in the saved flags, as for a fault (SDM 3C 27.3.3).
 */
export function finishBytes(length: u32, answer: Answer): void {
  if (answer !== Answer.done) {
    refuse(answer);
    return;
  }
  vmwrite(Field.guestRflags, vmread(Field.guestRflags) & u64(~RFLAGS_RF));
  skipBytes(u64(length));
}

function refuse(answer: Answer): void {
  if (answer === Answer.generalProtection) injectExceptionWithCode(Exception.generalProtection, 0);
  else if (answer === Answer.invalidOpcode) injectException(Exception.invalidOpcode);
}
