/** The guest's identifier in the TLB (SDM 3C 28.1): with it, exits and entries leave the TLB alone. */
import { rdmsr, u64 } from '../../../transpiler/lib/index.js';
import { invvpid, vmwrite } from './operations.js';
import { VMX_EPT_VPID } from './registers.js';
import { Controls, isChosen, want } from './settings.js';
import { Field } from './vmcs.js';

/** Secondary processor-based control (SDM 3C, table 24-7). */
const ENABLE_VPID = 1 << 5;
/** IA32_VMX_EPT_VPID_CAP: INVVPID, and its kind that drops one identifier (SDM 3D, A.10). */
const HAS_INVVPID_ONE = (1n << 32n) | (1n << 41n);
const INVVPID_ONE = 1n;
/** 0 is the host's. */
const GUEST_VPID = 1;

/** Has the guest use an identifier where what the TLB holds under it can be dropped. */
export function chooseVpid(): void {
  if ((rdmsr(VMX_EPT_VPID) & HAS_INVVPID_ONE) === HAS_INVVPID_ONE) want(Controls.secondary, ENABLE_VPID);
}

/** Names the guest in the current VMCS. */
export function setVpid(): void {
  vmwrite(Field.vpid, u64(GUEST_VPID));
}

/** Drops what the TLB holds of the guest. Without an identifier each entry does that. */
export function flushGuest(): void {
  if (isChosen(Controls.secondary, ENABLE_VPID)) invvpid(INVVPID_ONE, GUEST_VPID);
}
