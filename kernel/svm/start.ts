/** Prepares the processor and the control block for a guest. */
import { cpuid, physical, rdmsr, u32, type Hpa, type u64 } from '../../transpiler/lib/index.js';
import { allocatePages } from '../memory/allocator.js';
import { allocateControlPage } from '../memory/controlPage.js';
import { noteLogicalDestination } from '../exits/apicReceivers.js';
import { PAT } from '../vcpu/registers.js';
import { noteRunning, noteWaiting } from '../vcpu/startup.js';
import type { ProcessorState } from '../vcpu/state.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { learnEfer } from './efer.js';
import { svmEnable } from './enable.js';
import { setGuestState } from './guestState.js';
import { redirectInits } from './initRedirection.js';
import { setIntercepts } from './intercepts.js';
import { findLostInterrupts } from './lostInterrupts.js';
import { clgi } from './operations.js';
import { enterParkingGuest, prepareParkingGuest } from './parkingGuest.js';
import { ioPermissions, msrPermissions } from './permissionMaps.js';
import { TlbControl, Vmcb } from './vmcb.js';

/** ASID 0 is the host's (APM 2, 15.16). */
const GUEST_ASID = 1;
const NESTED_PAGING = 1n;
/** INVLPGB and TLBSYNC raise #UD in the guest without it (APM 2, table B-1, offset 090h). */
const BROADCAST_INVALIDATION = 1n << 7n;
/** CPUID 8000_0008H, EBX[3]: the processor has these instructions (APM 3, E.4.7). */
const MORE_FEATURES = 0x8000_0008;
const EBX_INVLPGB = 1 << 3;

/**
 * Makes `vcpu` ready to run from `state` on, with the second-level page tables at `nestedTables`. From here on GIF is clear but in
 * guest mode (and where smi.ts and initRedirection.ts say so): INIT, NMI and SMI wait, before anything says that the processor runs.
 */
export function svmPrepare(vcpu: Vcpu, nestedTables: Hpa, state: ProcessorState): void {
  vcpu.hostPage = allocatePages(1);
  svmEnable(vcpu.hostPage);
  clgi();
  redirectInits();
  vcpu.hostVmcb = allocatePages(1);
  prepareParkingGuest(vcpu);
  vcpu.guestVmcb = allocateControlPage();
  vcpu.vmcb = vcpu.guestVmcb;
  const vmcb = physical(Vmcb, vcpu.vmcb);
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
  const features = cpuid(MORE_FEATURES, 0);
  return u32(features.ebx & EBX_INVLPGB) !== 0 ? BROADCAST_INVALIDATION : 0n;
}

/** The processor of `vcpu` waits for a SIPI. */
export function svmAwaitStart(vcpu: Vcpu): void {
  noteWaiting(vcpu.number);
  enterParkingGuest(vcpu);
}
