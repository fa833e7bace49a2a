/**
 * An NMI that comes while the hypervisor lets interrupts in, as it does for an SMI. It is the guest's. An event that is
 * injected would not hold further NMIs back until the guest's IRET (APM 2, 15.20), so it is sent once more instead: held
 * back from now on, it comes when the guest runs, as if it had come only then.
 */
import { sendNmiToSelf } from '../machine/localApic.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { clgi } from './operations.js';

/** From the handler of NMIs. */
export function svmKeepNmi(_vcpu: Vcpu): void {
  clgi();
  sendNmiToSelf();
}
