/** What follows an instruction that the hypervisor did for the guest (SDM 3C 27.3.3 and 24.4.2). */
import { u64 } from '../../../transpiler/lib/index.js';
import { Answer } from '../../access/answer.js';
import { endShadow, Exception, injectException, injectExceptionWithCode, SHADOWS } from './inject.js';
import { vmread, vmwrite } from './operations.js';
import { RFLAGS_TF } from '../../x86/registers.js';
import { Field } from './vmcs.js';

/** Pending debug exceptions: a single step (SDM 3C, table 24-4). */
const SINGLE_STEP = 1n << 14n;
/** IA32_DEBUGCTL: the trap flag traps branches only. */
const DEBUGCTL_BTF = 1n << 1n;

/**
 * Moves the guest behind the instruction. Behind the last byte of 4 GiB of code the guest's RIP has a bit too
 * many; entryFailure.ts cuts it off, so that all others need not look.
 */
export function skipInstruction(): void {
  vmwrite(Field.guestRip, u64(vmread(Field.guestRip) + vmread(Field.instructionLength)));
  const shadows = vmread(Field.guestInterruptibility) & SHADOWS;
  const step = vmread(Field.guestRflags) & RFLAGS_TF;
  if ((shadows | step) !== 0n) endInstruction(step);
}

/** What STI or MOV SS held back comes now, and so does a single step, unless branches only are stepped. */
function endInstruction(step: u64): void {
  endShadow();
  if (step === 0n || (vmread(Field.guestDebugControl) & DEBUGCTL_BTF) !== 0n) return;
  vmwrite(Field.guestPendingDebug, vmread(Field.guestPendingDebug) | SINGLE_STEP);
}

/** Ends the instruction as a neutral handler says. */
export function finishInstruction(answer: Answer): void {
  if (answer === Answer.done) skipInstruction();
  else if (answer === Answer.generalProtection) injectExceptionWithCode(Exception.generalProtection, 0);
  else injectException(Exception.invalidOpcode);
}
