/**
 * NMIs. They exit, since one may be a call of another processor (kernel/vcpu/startup.ts). An event that is injected would not
 * mask further NMIs until the guest's IRET (APM 2, 15.20). So an NMI that has exited, and is pending, is taken by the next
 * VMRUN: one of the guest's by the guest, with IRET intercepted in place of NMI; a call by the parking guest.
 */
import { haltForever, u32 } from '../../transpiler/lib/index.js';
import { sendNmiToSelf } from '../machine/localApic.js';
import { hasEnded, standStillIfEnded } from '../vcpu/end.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { IRET, NMI } from './intercepts.js';
import { clgi } from './operations.js';
import { enterParkingGuest } from './parkingGuest.js';
import type { Vmcb } from './vmcb.js';

/** An NMI. */
export function onNmi(vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  if (vcpu.call.isPending !== 0) enterParkingGuest(vcpu);
  else vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~NMI) | IRET);
}

/** The IRET by which the guest ends its handling of an NMI, and which it will execute now. */
export function onIret(_vcpu: Vcpu, vmcb: Vmcb): void {
  standStillIfEnded();
  vmcb.interceptInstructions1 = u32(u32(vmcb.interceptInstructions1 & ~IRET) | NMI);
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
  if (vcpu.init.isPending !== 0) {
    vcpu.init.hasNmi = 1;
    return;
  }
  clgi();
  sendNmiToSelf();
}
