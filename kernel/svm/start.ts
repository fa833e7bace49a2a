/** Prepares the processor and the control block for a guest. */
import { physical, rdmsr, type Hpa } from '../../transpiler/lib/index.js';
import { allocatePages } from '../memory/allocator.js';
import { allocateControlPage } from '../memory/controlPage.js';
import { PAT } from '../vcpu/registers.js';
import type { ProcessorState } from '../vcpu/state.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { svmEnable } from './enable.js';
import { setGuestState } from './guestState.js';
import { setIntercepts } from './intercepts.js';
import { makeIoPermissions, makeMsrPermissions } from './permissionMaps.js';
import { TlbControl, Vmcb } from './vmcb.js';

/** ASID 0 is the host's (APM 2, 15.16). */
const GUEST_ASID = 1;
const NESTED_PAGING = 1n;

/** Makes `vcpu` ready to run from `state` on, with the second-level page tables at `nestedTables`. */
export function svmPrepare(vcpu: Vcpu, nestedTables: Hpa, state: ProcessorState): void {
  svmEnable(allocatePages(1));
  vcpu.hostVmcb = allocatePages(1);
  vcpu.vmcb = allocateControlPage();
  const vmcb = physical(Vmcb, vcpu.vmcb);
  setIntercepts(vmcb);
  vmcb.msrPermissions = makeMsrPermissions();
  vmcb.ioPermissions = makeIoPermissions();
  vmcb.asid = GUEST_ASID;
  vmcb.tlbControl = TlbControl.flushAll;
  vmcb.nestedPaging = NESTED_PAGING;
  vmcb.nestedCr3 = nestedTables;
  vmcb.pat = rdmsr(PAT);
  setGuestState(vmcb, state);
}

/** The guest of `vcpu` goes on at `state`. */
export function svmSetState(vcpu: Vcpu, state: ProcessorState): void {
  setGuestState(physical(Vmcb, vcpu.vmcb), state);
}
