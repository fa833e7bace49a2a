/** Entries that the processor refuses: of the controls or the host state at once, of the guest state by an exit. */
import { endLine, print, printDecimal } from '../report/console.js';
import { beginCrash, endCrash } from '../report/crash.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { isIn64BitCode } from './codeMode.js';
import { explainEntryFailure } from './entryChecks.js';
import { vmread, vmwrite } from './operations.js';
import { onUnexpected, printGuest } from './stops.js';
import { Field } from './vmcs.js';

/** The exit reason of an entry that failed for the guest's state: bit 31 and reason 33 (SDM 3C 26.8). */
const INVALID_GUEST_STATE = 0x8000_0021n;
const HIGH_HALF = 32n;
const LOW_HALF = 0xffff_ffffn;

/** An exit with a number that no handler has; an entry that failed is one of these. */
export function onOtherReason(vcpu: Vcpu): void {
  if (vmread(Field.exitReason) !== INVALID_GUEST_STATE) onUnexpected(vcpu);
  else if (!wrapInstructionPointer()) stopForGuestState(vcpu);
}

/** Outside of 64-bit code RIP has 32 bits: behind the last byte of 4 GiB comes the first. True where that was it. */
function wrapInstructionPointer(): boolean {
  const rip = vmread(Field.guestRip);
  if (isIn64BitCode() || rip >> HIGH_HALF === 0n) return false;
  vmwrite(Field.guestRip, rip & LOW_HALF);
  return true;
}

function stopForGuestState(vcpu: Vcpu): void {
  beginCrash();
  print('the processor refused to enter the guest: its state is not valid');
  endLine();
  explainEntryFailure();
  printGuest(vcpu);
  endCrash();
}

/** VMLAUNCH or VMRESUME has set CF or ZF (SDM 3C 30.2). From runtime-c/vmx.asm. */
export function onVmxEntryRefused(_vcpu: Vcpu): never {
  beginCrash();
  print('the processor refused to enter the guest, VM-instruction error ');
  printDecimal(vmread(Field.instructionError));
  endLine();
  explainEntryFailure();
  return endCrash();
}
