/**
 * Handles VM entries that the processor refuses. For bad controls or host state VMLAUNCH or VMRESUME fails; for bad
 * guest state a VM exit reports it.
 */
import { u64 } from '../../../transpiler/lib/index.js';
import { endLine, print, printDecimal, printHex } from '../../report/console.js';
import { beginCrash, endCrash } from '../../crash/crash.js';
import { isGuestsMachineCheck, isOfInstruction } from '../../crash/machineChecks.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { standStillIfEnded } from '../../x86/end.js';
import { isIn64BitCode } from '../control/codeMode.js';
import { explainEntryFailure } from './entryChecks.js';
import { ENTRY_FAILED } from '../control/exitReason.js';
import { shortenErrorCode } from '../control/inject.js';
import { vmread, vmwrite } from '../control/operations.js';
import { vmxKeepMachineCheck } from '../exits/nmi.js';
import { onUnknownInstruction } from '../exits/refusedInstructions.js';
import { printGuest } from '../exits/stops.js';
import { Field } from '../control/vmcs.js';

/** Exit reasons of failed VM entries (SDM 3C 26.8). */
const INVALID_GUEST_STATE = 0x8000_0021n;
const MSR_LOADING = 0x8000_0022n;
const MACHINE_CHECK = 0x8000_0029n;
/** VM-instruction error: VM entry with invalid control fields (SDM 3C 30.4). */
const INVALID_CONTROLS = 7n;
/** Interruptibility state (SDM 3C, table 24-3). */
const BLOCKED_BY_SMI = 1n << 2n;
const HIGH_HALF = 32n;
const LOW_HALF = 0xffff_ffffn;

/**
 * Handles a failed VM entry, or a VM exit with a number unknown to this version. No control that is set can cause such
 * an exit, so it is a new instruction that always exits.
 */
export function onOtherReason(vcpu: Vcpu): void {
  const reason = vmread(Field.exitReason);
  if ((reason & u64(ENTRY_FAILED)) === 0n) onUnknownInstruction(vcpu);
  else if (reason === MACHINE_CHECK && keepsMachineCheck(vcpu)) return;
  else if (reason !== INVALID_GUEST_STATE || !canEnterNow()) stopForEntry(vcpu, reason);
}

/**
 * Makes a machine check during the VM entry pending for the guest. Returns false if the node cannot continue after it.
 */
function keepsMachineCheck(vcpu: Vcpu): boolean {
  standStillIfEnded();
  return !isOfInstruction() && isGuestsMachineCheck() && vmxKeepMachineCheck(vcpu);
}

/** Repairs state that processors save at a VM exit but refuse at VM entry. Returns false if there was none. */
function canEnterNow(): boolean {
  return wrapInstructionPointer() || unblockSmis();
}

/**
 * Clears the high half of RIP outside 64-bit code, where RIP wraps at 4 GiB. Returns true if a missing wrap was the
 * cause.
 */
function wrapInstructionPointer(): boolean {
  const rip = vmread(Field.guestRip);
  if (isIn64BitCode() || rip >> HIGH_HALF === 0n) return false;
  vmwrite(Field.guestRip, rip & LOW_HALF);
  return true;
}

/**
 * Ends blocking by SMI, which exists only in system management mode (SDM 3C 26.3.1.5). Bochs 2.7 saves it for a
 * processor that received an NMI, and a SIPI without an INIT before. Returns true if that was the cause.
 */
function unblockSmis(): boolean {
  const state = vmread(Field.guestInterruptibility);
  if ((state & BLOCKED_BY_SMI) === 0n) return false;
  vmwrite(Field.guestInterruptibility, state & u64(~BLOCKED_BY_SMI));
  return true;
}

function stopForEntry(vcpu: Vcpu, reason: u64): void {
  beginCrash();
  print('the processor refused to enter the guest: ');
  printCause(reason);
  endLine();
  if (reason === INVALID_GUEST_STATE) explainEntryFailure();
  printGuest(vcpu);
  endCrash();
}

function printCause(reason: u64): void {
  switch (reason) {
    case INVALID_GUEST_STATE:
      print('its state is not valid');
      break;
    case MSR_LOADING:
      print('an MSR rejects its value, entry ');
      printDecimal(vmread(Field.exitQualification));
      break;
    case MACHINE_CHECK:
      print('a machine check came');
      break;
    default:
      print('exit reason ');
      printHex(reason);
  }
}

/**
 * Handles a VMLAUNCH or VMRESUME that has set CF or ZF (SDM 3C 30.2), called from runtime-c/vmx.asm. Returns if the VM
 * entry can be tried again: the world switch then loads the registers saved at the last exit. An exit with an event to
 * deliver always saves them.
 */
export function onVmxEntryRefused(_vcpu: Vcpu): void {
  const error = vmread(Field.instructionError);
  if (error !== INVALID_CONTROLS || !shortenErrorCode()) stopForRefusal(error);
}

function stopForRefusal(error: u64): never {
  beginCrash();
  print('the processor refused to enter the guest, VM-instruction error ');
  printDecimal(error);
  endLine();
  explainEntryFailure();
  return endCrash();
}
