/**
 * SMI. QEMU takes one that comes while a guest runs with the guest's intercepts still on, and what its handler then
 * does, such as writing EFER, ends in VMEXIT_INVALID. So it is taken here, with no guest about. Real firmware locks SMM
 * (HWCR.SMMLOCK), and the processor then takes SMIs by itself, out of the guest and without its intercepts (APM 2,
 * 15.13.3).
 * Not so where a BIOS is: SeaBIOS's handler changes the state that the SMI interrupted, to do a disk request in another
 * mode, and that has to be the guest's.
 */
import { clgi, stgi } from '../../transpiler/lib/index.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import type { Vmcb } from './vmcb.js';

/** It waits, and comes as soon as it is no longer held back. */
export function onSmi(_vcpu: Vcpu, _vmcb: Vmcb): void {
  stgi();
  clgi();
}
