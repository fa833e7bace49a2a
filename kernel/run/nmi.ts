/** Handles NMIs that arrive while the hypervisor runs. */
import { standStillIfEnded } from '../x86/end.js';
import { currentVcpu } from '../vcpu/processors.js';
import { keepNmi } from './vendor.js';

/** Called from runtime-c/exceptions.asm. Returns false if no guest can get the NMI. */
export function onNmi(): boolean {
  const vcpu = currentVcpu();
  if (vcpu === null || !vcpu.takesNmis) {
    standStillIfEnded();
    return false;
  }
  keepNmi(vcpu);
  return true;
}
