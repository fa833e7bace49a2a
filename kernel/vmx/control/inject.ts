/** Events for the guest's next run (SDM 3C 24.8.3, 26.6 and 27.2). */
import { u64, type u32 } from '../../../transpiler/lib/index.js';
import { CR0_PE, RFLAGS_RF } from '../../x86/registers.js';
import { vmread, vmwrite } from './operations.js';
import { Activity, Field } from './vmcs.js';

/** Vectors of exceptions (SDM 3A, table 6-1). */
export const Exception = {
  debug: 1n,
  invalidOpcode: 6n,
  doubleFault: 8n,
  invalidTss: 10n,
  segmentNotPresent: 11n,
  stackFault: 12n,
  generalProtection: 13n,
  pageFault: 14n,
  alignmentCheck: 17n,
  machineCheck: 18n,
} as const;
export type Exception = (typeof Exception)[keyof typeof Exception];

/**
 * Common format of VM-entry interruption information, VM-exit interruption information and IDT-vectoring information.
 */
export const VECTOR_MASK = 0xffn;
const TYPE_MASK = 7n << 8n;
const TYPE_NMI = 2n << 8n;
const NMI_VECTOR = 2n;
const TYPE_HARDWARE_EXCEPTION = 3n << 8n;
/** First type of event that an instruction raises. Such an event needs the instruction's length. */
const FIRST_SOFTWARE_TYPE = 4n << 8n;
const HAS_ERROR_CODE = 1n << 11n;
const VALID = 1n << 31n;
const EVENT_MASK = VALID | HAS_ERROR_CODE | TYPE_MASK | VECTOR_MASK;
/** An error code has 16 bits. VM entry fails if a bit of the upper half is set (SDM 3C 26.2.1.3). */
const ERROR_CODE = 0xffffn;
const HIGHEST_BIT = 1n << 15n;

/** Interruptibility state (SDM 3C, table 24-3): blocking by STI, by MOV SS, and by NMI. */
export const SHADOWS = 3n;
const MOV_SS_SHADOW = 1n << 1n;
const NMI_BLOCKED = 1n << 3n;

/**
 * Bit of VM-exit interruption information, and of some exit qualifications: an IRET that did not complete has unblocked
 * NMIs.
 */
export const NMI_UNBLOCKED = 1n << 12n;

/** Injects the exception `vector`, which has no error code. */
export function injectException(vector: Exception): void {
  if (vector !== Exception.debug) markFault();
  inject(VALID | TYPE_HARDWARE_EXCEPTION | vector, 0n);
}

/** Injects the exception `vector` with `errorCode`. In real mode the error code is left out. */
export function injectExceptionWithCode(vector: u64, errorCode: u32): void {
  markFault();
  inject(VALID | HAS_ERROR_CODE | TYPE_HARDWARE_EXCEPTION | vector, u64(errorCode));
}

/** Sets RF in the saved flags, as a fault does, so that a code breakpoint is not met twice (SDM 3B 17.3.1.1). */
function markFault(): void {
  vmwrite(Field.guestRflags, vmread(Field.guestRflags) | RFLAGS_RF);
}

/** Injects an NMI. */
export function injectNmi(): void {
  inject(VALID | TYPE_NMI | NMI_VECTOR, 0n);
}

/** Whether NMIs are blocked for the guest: it handles one, or has just executed MOV SS. */
export function isNmiHeldBack(): boolean {
  return (vmread(Field.guestInterruptibility) & (NMI_BLOCKED | MOV_SS_SHADOW)) !== 0n;
}

/** Injects the exception that caused the VM exit, unchanged. */
export function reflectException(): void {
  inject(vmread(Field.exitInterruptionInformation) & EVENT_MASK, vmread(Field.exitErrorCode));
}

/** Whether an event was in delivery at the VM exit. */
export function isInDelivery(): boolean {
  return (vmread(Field.idtVectoringInformation) & VALID) !== 0n;
}

/** Injects the event that was in delivery at the VM exit. Returns false if there was none. */
export function repeatEvent(): boolean {
  const event = vmread(Field.idtVectoringInformation);
  if ((event & VALID) === 0n) return false;
  inject(event & EVENT_MASK, vmread(Field.idtVectoringErrorCode));
  return true;
}

/**
 * Makes the next VM entry deliver `event`, with `errorCode` if the event has one. Nothing else writes these fields, so
 * every event meets the requirements of SDM 3C 26.2.1.3 and 26.3.1.5: no error code in real mode, and no exception for
 * a guest that is halted or blocked by STI or MOV SS.
 */
function inject(event: u64, errorCode: u64): void {
  if ((event & TYPE_MASK) >= FIRST_SOFTWARE_TYPE) {
    vmwrite(Field.entryInstructionLength, vmread(Field.instructionLength));
  }
  const isReal = (vmread(Field.guestCr0) & CR0_PE) === 0n;
  vmwrite(Field.entryInterruptionInformation, isReal ? event & u64(~HAS_ERROR_CODE) : event);
  vmwrite(Field.entryErrorCode, errorCode & ERROR_CODE);
  if (vmread(Field.guestActivity) === Activity.halted) vmwrite(Field.guestActivity, Activity.active);
  endShadow();
}

/**
 * Clears bit 15 of the error code for the next VM entry. Returns true if it was set. Selectors from 8000H on, and page
 * faults of enclaves, set it. Newer editions of SDM 3C 26.2.1.3 allow the bit, and processors are known to accept it;
 * older editions do not.
 */
export function shortenErrorCode(): boolean {
  const event = vmread(Field.entryInterruptionInformation);
  const code = vmread(Field.entryErrorCode);
  const isAtFault = (event & (VALID | HAS_ERROR_CODE)) === (VALID | HAS_ERROR_CODE) && (code & HIGHEST_BIT) !== 0n;
  if (isAtFault) vmwrite(Field.entryErrorCode, code & u64(~HIGHEST_BIT));
  return isAtFault;
}

/** Ends blocking by STI and by MOV SS, which lasts for one instruction. */
export function endShadow(): void {
  const state = vmread(Field.guestInterruptibility);
  if ((state & SHADOWS) !== 0n) vmwrite(Field.guestInterruptibility, state & u64(~SHADOWS));
}

/** Blocks NMIs again after a VM exit from an IRET that had unblocked them and will be executed again. */
export function blockNmiAgain(): void {
  vmwrite(Field.guestInterruptibility, vmread(Field.guestInterruptibility) | NMI_BLOCKED);
}
