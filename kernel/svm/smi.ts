/**
 * SMI. QEMU takes one that comes while a guest runs with the guest's intercepts still on, and what its handler then
 * does, such as writing EFER, ends in VMEXIT_INVALID. So it is taken here, with no guest about. Real processors take it
 * out of the guest and without its intercepts, once the firmware has locked SMM (APM 2, 15.13.3).
 */
import { in32, out32, u32 } from '../../transpiler/lib/index.js';
import { isEfiMachine } from '../boot/efiServices.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { clgi, stgi } from './operations.js';
import type { Vmcb } from './vmcb.js';

/** PCI configuration by ports: the host bridge's identity, and its register SMRAM (Intel 82Q35 datasheet, 5.1.25). */
const CONFIGURATION_ADDRESS = 0xcf8;
const CONFIGURATION_DATA = 0xcfc;
const BRIDGE_IDENTITY = 0x8000_0000;
const BRIDGE_SMRAM = 0x8000_009c;
const Q35 = 0x29c0_8086;
/** D_LCK of SMRAM, which is the second byte of four. */
const SMRAM_LOCKED = 1 << 12;

/**
 * Whether SMIs are to be taken here: on QEMU's q35, which has a bridge of Intel's, where UEFI firmware has locked the
 * handler's memory. Where it is open, the handler may be the guest's, and has to stay in the guest. And a BIOS's handler,
 * SeaBIOS's, changes the state that the SMI interrupted to do a disk request in another mode: that has to be the guest's.
 */
export function takesSmis(): boolean {
  if (!isEfiMachine() || configuration(BRIDGE_IDENTITY) !== Q35) return false;
  return u32(configuration(BRIDGE_SMRAM) & SMRAM_LOCKED) !== 0;
}

function configuration(register: u32): u32 {
  out32(CONFIGURATION_ADDRESS, register);
  return in32(CONFIGURATION_DATA);
}

/** It waits, and comes as soon as it is no longer held back. */
export function onSmi(_vcpu: Vcpu, _vmcb: Vmcb): void {
  stgi();
  clgi();
}
