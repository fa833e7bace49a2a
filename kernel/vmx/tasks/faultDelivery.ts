/** Faults during the delivery of another event, which may become double or triple faults (SDM 3A, table 6-5). */
import { requires, type u32, type u64 } from '../../../transpiler/lib/index.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, injectExceptionWithCode, VECTOR_MASK } from '../control/inject.js';
import { onTripleFault } from '../exits/stops.js';

/** IDT-vectoring information (SDM 3C, table 24-17): valid, and the type of a hardware exception. */
const VALID_AND_TYPE = 0x8000_0700n;
const IS_EXCEPTION = 0x8000_0300n;

/**
 * A bit for each contributory exception (#DE, #TS, #NP, #SS, #GP and #CP), and for each that counts as a page fault
 * (#PF and #VE).
 */
const CONTRIBUTORY = 0x20_3c01n;
const PAGE_FAULTS = 0x10_4000n;
const LAST_EXCEPTION = 31n;

/** Injects the fault `vector` with `code`, which arose during the delivery of `event`, if that is valid. */
export function deliverFault(vcpu: Vcpu, event: u64, vector: u64, code: u32): void {
  const first = event & VECTOR_MASK & LAST_EXCEPTION;
  if ((event & VALID_AND_TYPE) !== IS_EXCEPTION) injectExceptionWithCode(vector, code);
  else if (first === Exception.doubleFault) onTripleFault(vcpu);
  else if (isDouble(first, vector & LAST_EXCEPTION)) injectExceptionWithCode(Exception.doubleFault, 0);
  else injectExceptionWithCode(vector, code);
}

/**
 * Whether the two make a double fault: a contributory exception after either kind, or a page fault after a page fault.
 */
function isDouble(first: u64, second: u64): boolean {
  requires(first <= LAST_EXCEPTION && second <= LAST_EXCEPTION);
  if (isOf(PAGE_FAULTS, first)) return isOf(PAGE_FAULTS | CONTRIBUTORY, second);
  return isOf(CONTRIBUTORY, first) && isOf(CONTRIBUTORY, second);
}

function isOf(kind: u64, vector: u64): boolean {
  requires(vector <= LAST_EXCEPTION);
  return ((kind >> vector) & 1n) !== 0n;
}
