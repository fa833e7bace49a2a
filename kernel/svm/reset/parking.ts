/**
 * How a processor handles requests of other processors (kernel/vcpu/sipi.ts): it parks at an INIT, and starts at a
 * SIPI. The parking guest takes the NMI of a request; then the processor looks for requests.
 */
import { local, physical, writeDr0, writeDr1, writeDr2, writeDr3, type u32 } from '../../../transpiler/lib/index.js';
import { noteLogicalDestination } from '../../devices/localApic/receivers.js';
import { resetLocalApic } from '../../machine/apicReset.js';
import { sendNmiToSelf } from '../../machine/localApic.js';
import { CR0_CD, CR0_NW } from '../../x86/registers.js';
import { standStillIfEnded } from '../../x86/end.js';
import { isRunning, lockStartup, NO_VECTOR, takeVector, unlockStartup } from '../../vcpu/sipi.js';
import { ProcessorState, startAtVector } from '../../vcpu/state.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { setGuestState } from '../control/guestState.js';
import { expectNmis } from '../control/intercepts.js';
import { enterParkingGuest, isInParkingGuest, leaveParkingGuest } from './parkingGuest.js';
import { TlbControl, Vmcb } from '../control/vmcb.js';

/**
 * Called from runtime-c/svm.asm after a VM exit was handled, if another processor has a request. Parks the processor if
 * it was reset; so a guest in its NMI handler, which takes no NMI, is reset as well. The NMI of the request may be lost
 * by now: merged with one of the guest's own, which the guest took, or forgotten by QEMU (lostInterrupts.ts). So it is
 * sent again; if both arrive, the processor takes them as one.
 */
export function onSvmCalled(vcpu: Vcpu): void {
  if (isInParkingGuest(vcpu)) return; // the NMI is pending, and the parking guest takes it
  lockStartup(); // the requester sends the NMI before it unlocks
  const isReset = !isRunning(vcpu.number);
  sendNmiToSelf();
  unlockStartup();
  if (isReset) enterParkingGuest(vcpu);
}

/**
 * Handles the end of an NMI in the parking guest on the processor of `vcpu`: the NMI of a request, or one sent to a
 * parked processor.
 */
export function onNmiTaken(vcpu: Vcpu): void {
  standStillIfEnded();
  lockStartup();
  vcpu.svm.call.isPending = 0;
  const flushes = vcpu.svm.call.flushesTlb !== 0;
  vcpu.svm.call.flushesTlb = 0;
  const goesOn = isRunning(vcpu.number);
  const vector = takeVector(vcpu.number);
  unlockStartup();
  if (goesOn && vcpu.svm.haltsForGood) enterParkingGuest(vcpu);
  else if (goesOn) goOn(vcpu, flushes);
  else if (vector < NO_VECTOR) startAt(vcpu, vector);
  else park(vcpu);
}

function goOn(vcpu: Vcpu, flushes: boolean): void {
  leaveParkingGuest(vcpu);
  if (!flushes) return;
  physical(Vmcb, vcpu.controlPage).tlbControl = TlbControl.flushAll;
  noteLogicalDestination(vcpu);
}

/** Parks the processor of `vcpu`: an INIT has reset it, and it waits for a SIPI from now on. */
export function park(vcpu: Vcpu): void {
  resetLocalApic();
  noteLogicalDestination(vcpu);
  enterParkingGuest(vcpu);
}

/** Starts the guest of `vcpu` as after an INIT, at the page that a SIPI has named. */
function startAt(vcpu: Vcpu, vector: u32): void {
  const state = local(ProcessorState);
  resetLocalApic();
  noteLogicalDestination(vcpu);
  leaveParkingGuest(vcpu);
  vcpu.svm.haltsForGood = false;
  const vmcb = physical(Vmcb, vcpu.controlPage);
  startAtVector(state, vcpu.registers, vector);
  state.cr0 = state.cr0 | (vmcb.cr0 & (CR0_CD | CR0_NW)); // an INIT keeps them (APM 2, table 14-1)
  writeDr0(0n);
  writeDr1(0n);
  writeDr2(0n);
  writeDr3(0n);
  expectNmis(vmcb);
  vmcb.tlbControl = TlbControl.flushAll;
  setGuestState(vmcb, state);
}
