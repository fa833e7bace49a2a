import { gpa, u64 } from '../../../transpiler/lib/index.js';
import { Owner } from '../../access/owner.js';
import { ownerOfAddress } from '../../access/regions.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import { stopGuest } from '../../exits/stopGuest.js';
import { showDecoy } from '../../space/nestedPaging.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { onRegionAccess } from './regionAccess.js';
import { TlbControl, type Vmcb } from '../control/vmcb.js';

/**
 * Handles a nested page fault. The guest has all rights to all memory but the regions that have an owner and the
 * hypervisor's. So a fault outside such a region means that the guest, or its page tables, accessed the hypervisor's
 * memory. The guest gets a page of ones there and continues. (APM 2, 15.25.6: EXITINFO2 is the guest-physical address.)
 */
export function onNestedPageFault(vcpu: Vcpu, vmcb: Vmcb): void {
  const address = gpa(vmcb.exitInfo2);
  const owner = ownerOfAddress(address);
  if (owner !== Owner.guest) {
    onRegionAccess(vcpu, vmcb, address, owner);
    return;
  }
  recordEvent(Event.hiddenMemory, u64(address), vmcb.rip);
  vmcb.tlbControl = TlbControl.flushAll; // the page may have been read-only before: see exits/statistics.ts
  if (!showDecoy(address)) stopGuest('the guest used an address beyond what its processor has', vmcb.rip);
}
