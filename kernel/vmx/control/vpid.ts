/** The guest's VPID (SDM 3C 28.1): with it, VM exits and entries do not flush the TLB. */
import { rdmsr, u64 } from '../../../transpiler/lib/index.js';
import { invvpid, vmwrite } from './operations.js';
import { VMX_EPT_VPID } from './registers.js';
import { Controls, isChosen, want } from './settings.js';
import { Field } from './vmcs.js';

/** Secondary processor-based control (SDM 3C, table 24-7). */
const ENABLE_VPID = 1 << 5;
/** IA32_VMX_EPT_VPID_CAP: INVVPID exists, with its type that invalidates a single VPID (SDM 3D, A.10). */
const HAS_INVVPID_ONE = (1n << 32n) | (1n << 41n);
const INVVPID_ONE = 1n;
/** The guest's VPID; 0 is the host's. */
const GUEST_VPID = 1;

/** Makes the guest use a VPID, if TLB entries with that VPID can be invalidated. */
export function chooseVpid(): void {
  if ((rdmsr(VMX_EPT_VPID) & HAS_INVVPID_ONE) === HAS_INVVPID_ONE) want(Controls.secondary, ENABLE_VPID);
}

/** Writes the guest's VPID into the current VMCS. */
export function setVpid(): void {
  vmwrite(Field.vpid, u64(GUEST_VPID));
}

/** Flushes the guest's TLB entries. Without a VPID each VM entry does that. */
export function flushGuest(): void {
  if (isChosen(Controls.secondary, ENABLE_VPID)) invvpid(INVVPID_ONE, GUEST_VPID);
}
