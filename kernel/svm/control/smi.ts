/**
 * SMI. QEMU takes one that comes while a guest runs with the guest's intercepts still on, and what its handler then
 * does, such as writing EFER, ends in VMEXIT_INVALID. So it is taken here, with no guest about. Real processors take it
 * out of the guest and without its intercepts, once the firmware has locked SMM (APM 2, 15.13.3).
 */
import { u32 } from '../../../transpiler/lib/index.js';
import { isEfiMachine } from '../../handover/efiServices.js';
import { IDENTITY, readConfiguration } from '../../machine/pciConfiguration.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { clgi, stgi } from './operations.js';
import type { Vmcb } from './vmcb.js';

/** Of the host bridge: its identity, and with the register SMRAM (Intel 82Q35 datasheet, 5.1.25) the four bytes. */
const BRIDGE_SMRAM = 0x9c;
const Q35 = 0x29c0_8086;
/** D_LCK of SMRAM, which is the second byte of four. */
const SMRAM_LOCKED = 1 << 12;

/**
 * Whether SMIs are to be taken here: on QEMU's q35, which has a bridge of Intel's, where UEFI firmware has locked the
 * handler's memory. Where it is open, the handler may be the guest's, and has to stay in the guest. And a BIOS's handler,
 * SeaBIOS's, changes the state that the SMI interrupted to do a disk request in another mode: that has to be the guest's.
 */
export function takesSmis(): boolean {
  if (!isEfiMachine() || readConfiguration(0, 0, IDENTITY) !== Q35) return false;
  return u32(readConfiguration(0, 0, BRIDGE_SMRAM) & SMRAM_LOCKED) !== 0;
}

/** It waits, and comes as soon as it is no longer held back. */
export function onSmi(_vcpu: Vcpu, _vmcb: Vmcb): void {
  stgi();
  clgi();
}
