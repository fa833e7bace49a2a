/** Events that the guest gets when it runs next: EVENTINJ and EXITINTINFO (APM 2, 15.20 and 15.7.2). */
import { u64, type u32 } from '../../transpiler/lib/index.js';
import { RFLAGS_RF } from '../vcpu/registers.js';
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
} as const;
export type Exception = (typeof Exception)[keyof typeof Exception];

const VECTOR_MASK = 0xffn;
const TYPE_MASK = 7n << 8n;
const TYPE_EXCEPTION = 3n << 8n;
const TYPE_SOFTWARE_INTERRUPT = 4n << 8n;
const HAS_ERROR_CODE = 1n << 11n;
export const EVENT_VALID = 1n << 31n;
const FIRST_INTERRUPT_VECTOR = 32n;

/** The guest gets the exception `vector`, which has no error code. */
export function injectException(vmcb: Vmcb, vector: Exception): void {
  if (vector !== Exception.debug) markFault(vmcb);
  vmcb.injectedEvent = EVENT_VALID | TYPE_EXCEPTION | vector;
}

/** The guest gets the exception `vector` with `errorCode`. */
export function injectExceptionWithCode(vmcb: Vmcb, vector: Exception, errorCode: u32): void {
  markFault(vmcb);
  vmcb.injectedEvent = EVENT_VALID | HAS_ERROR_CODE | TYPE_EXCEPTION | vector | (u64(errorCode) << 32n);
}

/** A fault leaves RF in the flags that the handler finds, so that no code breakpoint is met twice (APM 2, 13.1.3.1). */
function markFault(vmcb: Vmcb): void {
  vmcb.rflags = vmcb.rflags | RFLAGS_RF;
}

/**
 * What to inject so that the event which was in delivery at the exit is not lost; 0 where there was
 * none. `exitEvent` is EXITINTINFO, which has EVENTINJ's format.
 */
export function eventToRepeat(exitEvent: u64): u64 {
  if ((exitEvent & EVENT_VALID) === 0n) return 0n;
  const type = exitEvent & TYPE_MASK;
  const vector = exitEvent & VECTOR_MASK;
  if (comesFromInstruction(type, vector)) return 0n;
  // QEMU reports interrupts as exceptions, and VMRUN refuses exceptions that do not exist.
  if (type === TYPE_EXCEPTION && vector >= FIRST_INTERRUPT_VECTOR) return EVENT_VALID | vector;
  return exitEvent;
}

/** INT n, INT3 and INTO: the guest's RIP still points to them, so running them anew raises the event anew. */
function comesFromInstruction(type: u64, vector: u64): boolean {
  if (type === TYPE_SOFTWARE_INTERRUPT) return true;
  return type === TYPE_EXCEPTION && (vector === Exception.breakpoint || vector === Exception.overflow);
}
