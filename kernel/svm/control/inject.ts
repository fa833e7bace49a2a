/** Events for the guest's next run: EVENTINJ and EXITINTINFO (APM 2, 15.20 and 15.7.2). */
import { u64, type u32 } from '../../../transpiler/lib/index.js';
import { CR0_PE, RFLAGS_RF } from '../../x86/registers.js';
import type { Vmcb } from './vmcb.js';

/** Vectors of exceptions (APM 2, 8.2). */
export const Exception = {
  debug: 1n,
  breakpoint: 3n,
  overflow: 4n,
  invalidOpcode: 6n,
  generalProtection: 13n,
  pageFault: 14n,
  alignmentCheck: 17n,
  machineCheck: 18n,
} as const;
export type Exception = (typeof Exception)[keyof typeof Exception];

const VECTOR_MASK = 0xffn;
const TYPE_MASK = 7n << 8n;
const TYPE_NMI = 2n << 8n;
const NMI_VECTOR = 2n;
const TYPE_EXCEPTION = 3n << 8n;
const TYPE_SOFTWARE_INTERRUPT = 4n << 8n;
const HAS_ERROR_CODE = 1n << 11n;
export const EVENT_VALID = 1n << 31n;
/**
 * A bit for each vector that is an exception (APM 2, table 8-1). VMRUN refuses to inject other vectors as exceptions.
 */
const EXCEPTIONS = 0x702f_7dfbn;
const LAST_EXCEPTION = 31n;

/** Injects the exception `vector`, which has no error code. */
export function injectException(vmcb: Vmcb, vector: Exception): void {
  if (vector !== Exception.debug) markFault(vmcb);
  vmcb.eventInj = EVENT_VALID | TYPE_EXCEPTION | vector;
}

/** Injects the exception `vector` with `errorCode`. In real mode the error code is left out. */
export function injectExceptionWithCode(vmcb: Vmcb, vector: Exception, errorCode: u32): void {
  markFault(vmcb);
  const event = EVENT_VALID | HAS_ERROR_CODE | TYPE_EXCEPTION | vector | (u64(errorCode) << 32n);
  vmcb.eventInj = inMode(vmcb, event);
}

/** Sets RF in the saved flags, as a fault does, so that a code breakpoint is not met twice (APM 2, 13.1.3.1). */
function markFault(vmcb: Vmcb): void {
  vmcb.rflags = vmcb.rflags | RFLAGS_RF;
}

/**
 * The event to inject so that one that was in delivery at the VM exit is not lost; 0 if there was none. EXITINTINFO and
 * EVENTINJ have the same format.
 */
export function eventToRepeat(vmcb: Vmcb): u64 {
  const event = vmcb.exitIntInfo;
  if ((event & EVENT_VALID) === 0n) return 0n;
  const type = event & TYPE_MASK;
  const vector = event & VECTOR_MASK;
  if (comesFromInstruction(type, vector)) return 0n;
  return type === TYPE_EXCEPTION && !isException(vector) ? correctType(vector) : inMode(vmcb, event);
}

/**
 * Repairs the type of an event: QEMU reports NMIs and interrupts as exceptions, but VMRUN refuses exceptions that do
 * not exist (APM 2, 15.20).
 */
function correctType(vector: u64): u64 {
  return vector === NMI_VECTOR ? EVENT_VALID | TYPE_NMI | vector : EVENT_VALID | vector;
}

/** Whether `vector` is an exception. */
export function isException(vector: u64): boolean {
  return vector <= LAST_EXCEPTION && ((EXCEPTIONS >> (vector & LAST_EXCEPTION)) & 1n) !== 0n;
}

/**
 * The event in a form that is valid in the guest's mode. In real mode no exception has an error code, and VMRUN may
 * refuse events that the mode lacks (APM 2, 15.20).
 */
function inMode(vmcb: Vmcb, event: u64): u64 {
  return (vmcb.cr0 & CR0_PE) === 0n ? event & u64(~HAS_ERROR_CODE) : event;
}

/**
 * Whether INT n, INT3 or INTO raised the event. The guest's RIP still points to the instruction, so executing it again
 * raises the event again.
 */
function comesFromInstruction(type: u64, vector: u64): boolean {
  if (type === TYPE_SOFTWARE_INTERRUPT) return true;
  return type === TYPE_EXCEPTION && (vector === Exception.breakpoint || vector === Exception.overflow);
}
