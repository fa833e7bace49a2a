/** Events that the guest gets when it runs next (SDM 3C 24.8.3, 26.6 and 27.2). */
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

/** The common format of entry interruption, exit interruption and vectoring information. */
export const VECTOR_MASK = 0xffn;
const TYPE_MASK = 7n << 8n;
const TYPE_NMI = 2n << 8n;
const NMI_VECTOR = 2n;
const TYPE_HARDWARE_EXCEPTION = 3n << 8n;
/** This type and those above it are raised by instructions; the entry has to know their length. */
const FIRST_SOFTWARE_TYPE = 4n << 8n;
const HAS_ERROR_CODE = 1n << 11n;
const VALID = 1n << 31n;
const EVENT_MASK = VALID | HAS_ERROR_CODE | TYPE_MASK | VECTOR_MASK;
/** Error codes have 16 bits; an entry refuses any of the upper half (SDM 3C 26.2.1.3). */
const ERROR_CODE = 0xffffn;
const HIGHEST_BIT = 1n << 15n;

/** Interruptibility (SDM 3C, table 24-3): the shadows of STI and MOV SS, and NMIs held back. */
export const SHADOWS = 3n;
const MOV_SS_SHADOW = 1n << 1n;
const NMI_BLOCKED = 1n << 3n;

/** In exit interruption information and in some exit qualifications: an IRET that did not come to its end let NMIs in. */
export const NMI_UNBLOCKED = 1n << 12n;

/** The guest gets the exception `vector`, which has no error code. */
export function injectException(vector: Exception): void {
  if (vector !== Exception.debug) markFault();
  inject(VALID | TYPE_HARDWARE_EXCEPTION | vector, 0n);
}

/** The guest gets the exception `vector` with `errorCode`, which the processor leaves out in real mode. */
export function injectExceptionWithCode(vector: u64, errorCode: u32): void {
  markFault();
  inject(VALID | HAS_ERROR_CODE | TYPE_HARDWARE_EXCEPTION | vector, u64(errorCode));
}

/** A fault leaves RF in the flags that the handler finds, so that no code breakpoint is met twice (SDM 3B 17.3.1.1). */
function markFault(): void {
  vmwrite(Field.guestRflags, vmread(Field.guestRflags) | RFLAGS_RF);
}

/** The guest gets an NMI. */
export function injectNmi(): void {
  inject(VALID | TYPE_NMI | NMI_VECTOR, 0n);
}

/** Whether the guest cannot take an NMI now: it handles one, or has half switched its stack. */
export function isNmiHeldBack(): boolean {
  return (vmread(Field.guestInterruptibility) & (NMI_BLOCKED | MOV_SS_SHADOW)) !== 0n;
}

/** The guest gets the exception that made it exit, as it was. */
export function reflectException(): void {
  inject(vmread(Field.exitInterruption) & EVENT_MASK, vmread(Field.exitErrorCode));
}

/** The guest gets the event that was in delivery at the exit, if there was one. True where there was. */
export function repeatEvent(): boolean {
  const event = vmread(Field.vectoringInformation);
  if ((event & VALID) === 0n) return false;
  inject(event & EVENT_MASK, vmread(Field.vectoringErrorCode));
  return true;
}

/**
 * Has the next entry deliver `event`, with `errorCode` if the event has one. Nothing else writes these fields, so that what an
 * entry insists on (SDM 3C 26.2.1.3 and 26.3.1.5) holds for every event: no error code in real mode, and no exception for a
 * guest that is halted or behind STI or MOV SS.
 */
function inject(event: u64, errorCode: u64): void {
  if ((event & TYPE_MASK) >= FIRST_SOFTWARE_TYPE) {
    vmwrite(Field.entryInstructionLength, vmread(Field.instructionLength));
  }
  const isReal = (vmread(Field.guestCr0) & CR0_PE) === 0n;
  vmwrite(Field.entryInterruption, isReal ? event & u64(~HAS_ERROR_CODE) : event);
  vmwrite(Field.entryErrorCode, errorCode & ERROR_CODE);
  if (vmread(Field.guestActivity) === Activity.halted) vmwrite(Field.guestActivity, Activity.active);
  endShadow();
}

/**
 * Clears bit 15 of the error code that the next entry delivers. True where that changes it. Selectors from 8000H on, and page
 * faults of enclaves, make the bit. Newer editions of SDM 3C 26.2.1.3 allow it, as processors are known to; older ones do not.
 */
export function shortenErrorCode(): boolean {
  const event = vmread(Field.entryInterruption);
  const code = vmread(Field.entryErrorCode);
  const isAtFault = (event & (VALID | HAS_ERROR_CODE)) === (VALID | HAS_ERROR_CODE) && (code & HIGHEST_BIT) !== 0n;
  if (isAtFault) vmwrite(Field.entryErrorCode, code & u64(~HIGHEST_BIT));
  return isAtFault;
}

/** Ends what STI or MOV SS hold back for one instruction. */
export function endShadow(): void {
  const state = vmread(Field.guestInterruptibility);
  if ((state & SHADOWS) !== 0n) vmwrite(Field.guestInterruptibility, state & u64(~SHADOWS));
}

/** Holds NMIs back again where the exit came from an IRET that was to let them in and will be executed again. */
export function blockNmiAgain(): void {
  vmwrite(Field.guestInterruptibility, vmread(Field.guestInterruptibility) | NMI_BLOCKED);
}
