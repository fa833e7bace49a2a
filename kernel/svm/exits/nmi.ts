/**
 * NMIs are intercepted, because one may be a request of another processor (kernel/vcpu/sipi.ts). An injected NMI would
 * not mask further NMIs until the guest's IRET (APM 2, 15.20). So the NMI that caused the VM exit stays pending, and
 * the next VMRUN takes it: in the guest, with IRET intercepted in place of NMI, if the NMI is the guest's; in the
 * parking guest if it is a request.
 *
 * A crashing kernel stops other processors for good by an NMI whose handler does not end. Such a handler takes no
 * request, so its HLT and PAUSE are intercepted; at those exits the processor can be reset like any other.
 */
import { haltForever } from '../../../transpiler/lib/index.js';
import { sendNmiToSelf } from '../../machine/localApic.js';
import { hasEnded, standStillIfEnded } from '../../x86/end.js';
import { RFLAGS_IF } from '../../x86/registers.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { instructionLength, Opcode, skipInstruction } from '../control/instruction.js';
import { expectEndOfNmi, expectNmis, permitHalt } from '../control/intercepts.js';
import { clgi } from '../control/operations.js';
import { enterParkingGuest } from '../reset/parkingGuest.js';
import type { Vmcb } from '../control/vmcb.js';

/** Handles an intercepted NMI, which is pending. */
export function onNmi(vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  if (vcpu.svm.call.isPending !== 0) enterParkingGuest(vcpu);
  else expectEndOfNmi(vmcb);
}

/** Handles the IRET that ends the guest's NMI handler. The guest executes it when this returns. */
export function onIret(_vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  expectNmis(vmcb);
}

/**
 * Handles PAUSE in the guest's NMI handler. After this, onSvmCalled() (parking.ts) looks for requests of other
 * processors.
 */
export function onPause(_vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  const length = instructionLength(vmcb, Opcode.pause);
  if (length !== 0) skipInstruction(vmcb, length);
}

/**
 * Handles HLT in the guest's NMI handler. With interrupts disabled only an INIT ends it, so the processor halts in the
 * parking guest, where it takes NMIs with requests. With interrupts enabled the guest halts itself.
 */
export function onHalt(vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  if ((vmcb.rflags & RFLAGS_IF) !== 0n) {
    permitHalt(vmcb);
    return;
  }
  vcpu.svm.haltsForGood = true;
  enterParkingGuest(vcpu);
}

/**
 * Called by the host's NMI handler, which runs only in the two places that set GIF. While a redirected INIT is consumed
 * (initRedirection.ts) the NMI is recorded, and sent again afterwards, whichever of the two comes first. During an SMI
 * on QEMU (smi.ts) it is sent again at once: it stays pending and causes a VM exit when a guest runs, as if it had come
 * only then.
 */
export function svmKeepNmi(vcpu: Vcpu): void {
  if (hasEnded()) {
    clgi(); // so that an INIT stays pending
    haltForever();
  }
  if (vcpu.svm.init.isPending !== 0) {
    vcpu.svm.init.hasNmi = 1;
    return;
  }
  clgi();
  sendNmiToSelf();
}
