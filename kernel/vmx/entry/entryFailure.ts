/** Entries that the processor refuses: of the controls or the host state at once, of the guest state by an exit. */
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

/** Exit reasons of entries that failed, for what the processor did not take (SDM 3C 26.8). */
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
 * An entry that failed, or an exit with a number that nobody knew when this was written. No control can ask for such an
 * exit, so it is an instruction that always makes one.
 */
export function onOtherReason(vcpu: Vcpu): void {
  const reason = vmread(Field.exitReason);
  if ((reason & u64(ENTRY_FAILED)) === 0n) onUnknownInstruction(vcpu);
  else if (reason === MACHINE_CHECK && keepsMachineCheck(vcpu)) return;
  else if (reason !== INVALID_GUEST_STATE || !canEnterNow()) stopForEntry(vcpu, reason);
}

/** Has the guest told of a machine check that came during the entry. False where the node cannot go on after it. */
function keepsMachineCheck(vcpu: Vcpu): boolean {
  standStillIfEnded();
  return !isOfInstruction() && isGuestsMachineCheck() && vmxKeepMachineCheck(vcpu);
}

/** Mends what processors save at an exit, and then do not take. True where there was something. */
function canEnterNow(): boolean {
  return wrapInstructionPointer() || unblockSmis();
}

/** Outside of 64-bit code RIP has 32 bits: behind the last byte of 4 GiB comes the first. True where that was it. */
function wrapInstructionPointer(): boolean {
  const rip = vmread(Field.guestRip);
  if (isIn64BitCode() || rip >> HIGH_HALF === 0n) return false;
  vmwrite(Field.guestRip, rip & LOW_HALF);
  return true;
}

/**
 * Bochs 2.7 saves blocking by SMI for a processor that got an NMI, and a SIPI with no INIT before. There is such blocking in system
 * management mode only (SDM 3C 26.3.1.5). True where that was it.
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
      print('an MSR does not take its value, entry ');
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
 * VMLAUNCH or VMRESUME has set CF or ZF (SDM 3C 30.2). Returns where the entry can be tried again: the world switch then loads
 * the registers that the last exit saved, which an exit with an event to deliver always does. From runtime-c/vmx.asm.
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
