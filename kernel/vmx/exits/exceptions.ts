/**
 * Exceptions that are intercepted only so that a guest cannot nest them for ever. They are injected unchanged. An event
 * that was in delivery is dropped, as the processor itself does. An IRET that raised one has unblocked NMIs (SDM 3A
 * 6.7.1).
 */
import { readDr6, u64, writeDr6 } from '../../../transpiler/lib/index.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Exception, reflectException, VECTOR_MASK } from '../control/inject.js';
import { vmread, vmwrite } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/** Bits of DR6, and of the exit qualification (SDM 3C, table 27-1; SDM 3B 17.2.3). */
const BREAKPOINTS = 0xfn;
const REGISTER_ACCESS = 1n << 13n;
const CAUSES = BREAKPOINTS | REGISTER_ACCESS | (1n << 14n);
/**
 * Inverted bits: 1 in the qualification means 0 in DR6. Without that cause BUS_LOCK keeps its value in DR6, and
 * TRANSACTION becomes 1.
 */
const BUS_LOCK = 1n << 11n;
const TRANSACTION = 1n << 16n;
/** DR7.GD: accesses to debug registers raise #DB, whose delivery clears the bit. */
const GENERAL_DETECT = 1n << 13n;

/** Handles #DB or #AC. */
export function onException(_vcpu: Vcpu): void {
  const event = vmread(Field.exitInterruptionInformation);
  if ((event & VECTOR_MASK) === Exception.debug) showCause(vmread(Field.exitQualification));
  reflectException();
}

/** Updates DR6 and DR7 for #DB, since the VM exit leaves them as they were before the exception (SDM 3C 27.1). */
function showCause(qualification: u64): void {
  const kept = (readDr6() & u64(~BREAKPOINTS)) | TRANSACTION | (qualification & CAUSES);
  writeDr6(kept & u64(~(qualification & (BUS_LOCK | TRANSACTION))));
  if ((qualification & REGISTER_ACCESS) !== 0n) vmwrite(Field.guestDr7, vmread(Field.guestDr7) & u64(~GENERAL_DETECT));
}
