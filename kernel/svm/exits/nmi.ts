/**
 * NMIs. They exit, since one may be a call of another processor (kernel/vcpu/sipi.ts). An event that is injected would not
 * mask further NMIs until the guest's IRET (APM 2, 15.20). So an NMI that has exited, and is pending, is taken by the next
 * VMRUN: one of the guest's by the guest, with IRET intercepted in place of NMI; a call by the parking guest.
 *
 * Kernels stop other processors for good by an NMI whose handler does not end: when they crash and have another kernel start.
 * Such a handler gets no call, so its HLT and PAUSE exit, at which the processor can be reset like any other.
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

/** An NMI. */
export function onNmi(vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  if (vcpu.svm.call.isPending !== 0) enterParkingGuest(vcpu);
  else expectEndOfNmi(vmcb);
}

/** The IRET by which the guest ends its handling of an NMI, and which it will execute now. */
export function onIret(_vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  expectNmis(vmcb);
}

/** PAUSE in the guest's handler of an NMI. Whoever has called the processor is heard when this returns (parking.ts). */
export function onPause(_vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  const length = instructionLength(vmcb, Opcode.pause);
  if (length !== 0) skipInstruction(vmcb, length);
}

/**
 * HLT in the guest's handler of an NMI. With interrupts off, nothing but an INIT ends it: the processor halts in the parking guest,
 * where NMIs that call it are heard. With interrupts on, the guest halts itself.
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
 * From the host's handler of NMIs, in one of the two places that set GIF. While a redirected INIT is consumed
 * (initRedirection.ts) the NMI is noted, and sent once more after that, whichever of the two comes first. For an SMI on QEMU (smi.ts)
 * it is sent at once: pending from now on, it exits when a guest runs, as if it had come only then.
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
