/** Prepares the processor and the control block for a guest. */
import { physical, type Hpa } from '../../transpiler/lib/index.js';
import type { GuestStart } from '../guest/guestStart.js';
import { allocatePages } from '../memory/allocator.js';
import { allocateControlPage } from '../memory/controlPage.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { svmEnable } from './enable.js';
import { setGuestState } from './guestState.js';
import { setIntercepts } from './intercepts.js';
import { makeIoPermissions, makeMsrPermissions } from './permissionMaps.js';
import { TlbControl, Vmcb } from './vmcb.js';

/** ASID 0 is the host's (APM 2, 15.16). */
const GUEST_ASID = 1;
const NESTED_PAGING = 1n;

/** Makes `vcpu` ready to run from `start` on, with the second-level page tables at `nestedTables`. */
export function svmPrepare(vcpu: Vcpu, nestedTables: Hpa, start: GuestStart): void {
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
  setGuestState(vmcb, vcpu.registers, start);
}
