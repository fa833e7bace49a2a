/** Prepares the processor and the control block for a guest. */
import {
  addressOf,
  cpuid,
  haltForever,
  local,
  physical,
  rdmsr,
  u32,
  type Hpa,
  type u64,
} from '../../transpiler/lib/index.js';
import { allocatePages } from '../memory/allocator.js';
import { allocateControlPage } from '../memory/controlPage.js';
import { directAddress, svmRun } from '../platform.js';
import { PAT } from '../vcpu/registers.js';
import { noteRun, startVectorOf } from '../vcpu/startup.js';
import { ProcessorState, startAtVector } from '../vcpu/state.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { learnEfer } from './efer.js';
import { svmEnable } from './enable.js';
import { setGuestState } from './guestState.js';
import { expectNmis, setIntercepts } from './intercepts.js';
import { findLostInterrupts } from './lostInterrupts.js';
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

/** Makes `vcpu` ready to run from `state` on, with the second-level page tables at `nestedTables`. */
export function svmPrepare(vcpu: Vcpu, nestedTables: Hpa, state: ProcessorState): void {
  vcpu.hostPage = allocatePages(1);
  svmEnable(vcpu.hostPage);
  vcpu.hostVmcb = allocatePages(1);
  vcpu.vmcb = allocateControlPage();
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
  vcpu.takesNmis = true;
  findLostInterrupts();
  learnEfer();
}

function broadcastInvalidation(): u64 {
  const features = cpuid(MORE_FEATURES, 0);
  return u32(features.ebx & EBX_INVLPGB) !== 0 ? BROADCAST_INVALIDATION : 0n;
}

/** The processor that started this one sends it an INIT, so that a SIPI of the guest can start it. */
export function svmAwaitStart(_vcpu: Vcpu): never {
  return haltForever();
}

/** The guest has sent a SIPI to the processor of `vcpu`, which is as after a reset. Enters the guest at its vector. */
export function svmRestart(vcpu: Vcpu): never {
  const state = local(ProcessorState);
  startAtVector(state, vcpu.registers, startVectorOf(vcpu.number));
  svmEnable(vcpu.hostPage);
  const vmcb = physical(Vmcb, vcpu.vmcb);
  expectNmis(vmcb);
  vmcb.tlbControl = TlbControl.flushAll;
  setGuestState(vmcb, state);
  vcpu.call.isWaiting = 0;
  vcpu.call.isReset = 0;
  noteRun(vcpu.number);
  return svmRun(directAddress(addressOf(vcpu)));
}
