/** Prepares a processor and its VMCBs for a guest on AMD-V. */
import { cpuid, physical, rdmsr, u32, type Hpa, type u64 } from '../../transpiler/lib/index.js';
import { allocatePages } from '../paging/allocator.js';
import { allocateControlPage } from '../paging/controlPage.js';
import { noteLogicalDestination } from '../devices/localApic/receivers.js';
import { PAT } from '../x86/registers.js';
import { noteRunning, noteWaiting } from '../vcpu/sipi.js';
import type { ProcessorState } from '../vcpu/state.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { learnEfer } from './control/efer.js';
import { svmEnable } from './control/enable.js';
import { setGuestState } from './control/guestState.js';
import { redirectInits } from './reset/initRedirection.js';
import { setIntercepts } from './control/intercepts.js';
import { findLostInterrupts } from './control/lostInterrupts.js';
import { clgi } from './control/operations.js';
import { enterParkingGuest, prepareParkingGuest } from './reset/parkingGuest.js';
import { ioPermissions, msrPermissions } from './control/permissionMaps.js';
import { TlbControl, Vmcb } from './control/vmcb.js';
import { Leaf } from '../x86/cpuid.js';

/** ASID 0 is the host's (APM 2, 15.16). */
const GUEST_ASID = 1;
const NESTED_PAGING = 1n;
/** VMCB bit without which INVLPGB and TLBSYNC raise #UD in the guest (APM 2, table B-1, offset 090h). */
const BROADCAST_INVALIDATION = 1n << 7n;
/** CPUID 8000_0008H, EBX[3]: the processor has these instructions (APM 3, E.4.7). */
const EBX_INVLPGB = 1 << 3;

/**
 * Prepares `vcpu` to run from `state` on, with the nested page tables at `nestedTables`. From here on GIF is clear
 * except in guest mode, and where smi.ts and initRedirection.ts set it. So INIT, NMI and SMI stay pending before
 * anything records that the processor runs.
 */
export function svmPrepare(vcpu: Vcpu, nestedTables: Hpa, state: ProcessorState): void {
  vcpu.hostPage = allocatePages(1);
  svmEnable(vcpu.hostPage);
  clgi();
  redirectInits();
  vcpu.svm.hostVmcb = allocatePages(1);
  prepareParkingGuest(vcpu);
  vcpu.svm.guestVmcb = allocateControlPage();
  vcpu.controlPage = vcpu.svm.guestVmcb;
  const vmcb = physical(Vmcb, vcpu.controlPage);
  setIntercepts(vmcb);
  vmcb.msrPermissions = msrPermissions();
  vmcb.ioPermissions = ioPermissions();
  vmcb.asid = GUEST_ASID;
  vmcb.tlbControl = TlbControl.flushAll;
  vmcb.nestedPaging = NESTED_PAGING | broadcastInvalidation();
  vmcb.nestedCr3 = nestedTables;
  vmcb.pat = rdmsr(PAT);
  setGuestState(vmcb, state);
  noteLogicalDestination(vcpu);
  noteRunning(vcpu.number);
  vcpu.takesNmis = true;
  findLostInterrupts();
  learnEfer();
}

function broadcastInvalidation(): u64 {
  const features = cpuid(Leaf.addressSizes, 0);
  return u32(features.ebx & EBX_INVLPGB) !== 0 ? BROADCAST_INVALIDATION : 0n;
}

/** Makes the processor of `vcpu` wait for a SIPI. */
export function svmAwaitStart(vcpu: Vcpu): void {
  noteWaiting(vcpu.number);
  enterParkingGuest(vcpu);
}
