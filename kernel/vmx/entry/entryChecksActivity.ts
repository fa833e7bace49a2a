/** Rules for the guest's activity state, interruptibility state and pending debug exceptions (SDM 3C 26.3.1.5). */
import { rdmsr } from '../../../transpiler/lib/index.js';
import { has, rule } from '../../report/entryRules.js';
import { canWake, injectsExternalInterrupt, injectsNmi } from './entryChecksEvent.js';
import { RFLAGS_IF } from './entryChecksGuest.js';
import { vmread } from '../control/operations.js';
import { RFLAGS_TF } from '../../x86/registers.js';
import { VMX_MISC } from '../control/registers.js';
import { Activity, Field, GUEST_RIGHTS, Segment } from '../control/vmcs.js';

/** IA32_VMX_MISC bits 6 to 8: halt, shutdown and wait-for-SIPI are supported (SDM 3D, A.6). */
const ACTIVITY_SHIFT = 6n;

// Interruptibility state (table 24-3).
const BY_STI = 1n << 0n;
const BY_MOV_SS = 1n << 1n;
const BY_SMI = 1n << 2n;
const BY_NMI = 1n << 3n;
const IN_ENCLAVE = 1n << 4n;
const INTERRUPTIBILITY_RESERVED = 0xffff_ffe0n;

// Pending debug exceptions (table 24-4).
const SINGLE_STEP = 1n << 14n;
const PENDING_RESERVED = 0xffff_ffff_fffe_aff0n;
const DEBUGCTL_BTF = 1n << 1n;

/** Pin-based control (table 24-5). */
const VIRTUAL_NMIS = 1n << 5n;

const PRIVILEGE_SHIFT = 5n;
const PRIVILEGE_MASK = 3n;

const NO_LINK = 0xffff_ffff_ffff_ffffn;

export function checkActivity(): void {
  checkState();
  checkInterruptibility();
  checkPendingDebug();
  rule(vmread(Field.linkPointer) === NO_LINK, 'a VMCS link pointer of all ones: no VMCS is shadowed');
}

function checkState(): void {
  const state = vmread(Field.guestActivity);
  rule(state <= Activity.waitsForSipi, 'a guest activity state that exists');
  if (state === Activity.active || state > Activity.waitsForSipi) return;
  const supported = rdmsr(VMX_MISC) >> (ACTIVITY_SHIFT + state - 1n);
  const privilege = (vmread(GUEST_RIGHTS + 2 * Segment.ss) >> PRIVILEGE_SHIFT) & PRIVILEGE_MASK;
  const blocking = vmread(Field.guestInterruptibility);
  rule(has(supported, 1n), 'a guest activity state that IA32_VMX_MISC has');
  rule(state !== Activity.halted || privilege === 0n, 'no halted guest with SS.DPL above 0');
  rule(!has(blocking, BY_STI | BY_MOV_SS), 'an active guest behind STI and MOV SS');
  rule(canWake(state), 'no injected event that the guest does not wake for');
}

function checkInterruptibility(): void {
  const blocking = vmread(Field.guestInterruptibility);
  const afterSti = has(blocking, BY_STI);
  const afterMovSs = has(blocking, BY_MOV_SS);
  rule(!has(blocking, INTERRUPTIBILITY_RESERVED), 'guest interruptibility with bits 31:5 clear');
  rule(!afterSti || !afterMovSs, 'not both blocking by STI and by MOV SS');
  rule(!afterSti || has(vmread(Field.guestRflags), RFLAGS_IF), 'no blocking by STI while RFLAGS.IF is 0');
  if (injectsExternalInterrupt()) rule(!afterSti && !afterMovSs, 'no injected interrupt behind STI or MOV SS');
  if (injectsNmi()) {
    rule(!afterMovSs, 'no injected NMI behind MOV SS');
    rule(!afterSti, 'no injected NMI behind STI, which some processors refuse');
    const isVirtual = has(vmread(Field.pinControls), VIRTUAL_NMIS);
    rule(!isVirtual || !has(blocking, BY_NMI), 'no injected NMI while virtual NMIs are blocked');
  }
  rule(!has(blocking, BY_SMI), 'no blocking by SMI outside of SMM');
  rule(!has(blocking, IN_ENCLAVE) || !afterMovSs, 'no enclave interruption behind MOV SS');
}

function checkPendingDebug(): void {
  const pending = vmread(Field.guestPendingDebug);
  rule(!has(pending, PENDING_RESERVED), 'pending debug exceptions with no reserved bit');
  const blocked = has(vmread(Field.guestInterruptibility), BY_STI | BY_MOV_SS);
  if (!blocked && vmread(Field.guestActivity) !== Activity.halted) return;
  const stepsOnBranches = has(vmread(Field.guestDebugControl), DEBUGCTL_BTF);
  const steps = has(vmread(Field.guestRflags), RFLAGS_TF) && !stepsOnBranches;
  rule(has(pending, SINGLE_STEP) === steps, 'a pending single step as RFLAGS.TF says, behind STI, MOV SS and HLT');
}
