/**
 * What a processor does with what others ask of it (kernel/vcpu/sipi.ts): it parks at an INIT, and starts at a SIPI. An
 * NMI that called it is taken by the parking guest, after which it looks for requests.
 */
import { local, physical, writeDr0, writeDr1, writeDr2, writeDr3, type u32 } from '../../../transpiler/lib/index.js';
import { noteLogicalDestination } from '../../devices/localApic/apicReceivers.js';
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
 * From runtime-c/svm.asm: an exit of the processor of `vcpu` is handled, and it is called. It parks where it is to, so that a guest
 * in its handler of NMIs, which lets no call in, is reset all the same. The NMI that called it may be lost by now: merged with one
 * of the guest's own, which the guest took, or forgotten by QEMU (lostInterrupts.ts). So it is sent once more; where both
 * come, the processor takes them as one.
 */
export function onSvmCalled(vcpu: Vcpu): void {
  if (isInParkingGuest(vcpu)) return; // the NMI is pending, and taken there
  lockStartup(); // who calls sends the NMI before unlocking
  const isReset = !isRunning(vcpu.number);
  sendNmiToSelf();
  unlockStartup();
  if (isReset) enterParkingGuest(vcpu);
}

/** The parking guest has taken an NMI on the processor of `vcpu`: that of a call, or one that was sent to a parked processor. */
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

/** An INIT has reset the processor of `vcpu`, which waits for a SIPI from now on. */
export function park(vcpu: Vcpu): void {
  resetLocalApic();
  noteLogicalDestination(vcpu);
  enterParkingGuest(vcpu);
}

/** The guest of `vcpu` starts as after an INIT, at the page that a SIPI has named. */
function startAt(vcpu: Vcpu, vector: u32): void {
  const state = local(ProcessorState);
  resetLocalApic();
  noteLogicalDestination(vcpu);
  leaveParkingGuest(vcpu);
  vcpu.svm.haltsForGood = false;
  const vmcb = physical(Vmcb, vcpu.controlPage);
  startAtVector(state, vcpu.registers, vector);
  state.cr0 = state.cr0 | (vmcb.cr0 & (CR0_CD | CR0_NW)); // an INIT leaves them (APM 2, table 14-1)
  writeDr0(0n);
  writeDr1(0n);
  writeDr2(0n);
  writeDr3(0n);
  expectNmis(vmcb);
  vmcb.tlbControl = TlbControl.flushAll;
  setGuestState(vmcb, state);
}
