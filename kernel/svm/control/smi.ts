/**
 * Takes SMIs on QEMU outside the guest. If an SMI arrives while a guest runs, QEMU keeps the guest's intercepts on in
 * the SMI handler; something that the handler does, such as writing EFER, then ends in VMEXIT_INVALID. Real processors
 * leave the guest and its intercepts first, once the firmware has locked SMM (APM 2, 15.13.3).
 */
import { u32 } from '../../../transpiler/lib/index.js';
import { isEfiMachine } from '../../handover/efiServices.js';
import { IDENTITY, readConfiguration } from '../../machine/pciConfiguration.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { clgi, stgi } from './operations.js';
import type { Vmcb } from './vmcb.js';

/**
 * Offset of the host bridge's four configuration bytes with SMRAM (Intel 82Q35 datasheet, 5.1.25), and the PCI ID of
 * Q35.
 */
const BRIDGE_SMRAM = 0x9c;
const Q35 = 0x29c0_8086;
/** SMRAM.D_LCK. SMRAM is the second of the four bytes. */
const SMRAM_LOCKED = 1 << 12;

/**
 * Whether SMIs are intercepted: on QEMU's q35, whose bridge is Intel's, if UEFI firmware has locked SMM memory. While
 * that is open, the handler may be the guest's and must run in the guest. A BIOS's handler (SeaBIOS) changes the
 * interrupted state to make a disk request in another mode; that state must be the guest's.
 */
export function takesSmis(): boolean {
  if (!isEfiMachine() || readConfiguration(0, 0, IDENTITY) !== Q35) return false;
  return u32(readConfiguration(0, 0, BRIDGE_SMRAM) & SMRAM_LOCKED) !== 0;
}

/** Handles an intercepted SMI, which is pending. Setting GIF for a moment takes it here, outside the guest. */
export function onSmi(_vcpu: Vcpu, _vmcb: Vmcb): void {
  stgi();
  clgi();
}
