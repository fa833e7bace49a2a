/**
 * NMIs. They are the guest's, but for calls of other processors (calls.ts), for which they leave the guest where that may be
 * called. An event that is injected would not hold further NMIs back until the guest's IRET (APM 2, 15.20). So an NMI that
 * has left the guest, and waits, is let in by the next entry; until the guest's IRET the processor holds others back.
 */
import { haltForever, u32 } from '../../transpiler/lib/index.js';
import { sendNmiToSelf } from '../machine/localApic.js';
import { hasEnded, standStillIfEnded } from '../vcpu/end.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { answerCall, isCalled } from './calls.js';
import { IRET, NMI } from './intercepts.js';
import { clgi, stgi } from './operations.js';
import type { Vmcb } from './vmcb.js';

/** An NMI. A call is answered as soon as it is let in here: from the handler of NMIs. */
export function onNmi(vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  if (isCalled(vcpu)) {
    stgi();
    clgi();
  } else {
    vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~NMI) | IRET);
  }
}

/** The IRET by which the guest ends its handling of an NMI, and which it will execute now. */
export function onIret(_vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~IRET) | NMI);
}

/**
 * From the handler of NMIs, while the hypervisor lets interrupts in, as it does for an SMI, too. One that is no call is sent
 * once more: held back from now on, it comes when the guest runs, as if it had come only then.
 */
export function svmKeepNmi(vcpu: Vcpu): void {
  if (hasEnded()) {
    clgi(); // so that an INIT stays pending
    haltForever();
  }
  if (isCalled(vcpu)) {
    answerCall(vcpu);
    return;
  }
  clgi();
  sendNmiToSelf();
}
