import { gpa, u64 } from '../../../transpiler/lib/index.js';
import { Owner } from '../../access/owner.js';
import { ownerOfAddress } from '../../access/regions.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import { stopGuest } from '../../exits/stopGuest.js';
import { showDecoy } from '../../space/nestedPaging.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { blockNmiAgain, NMI_UNBLOCKED, repeatEvent } from '../control/inject.js';
import { vmread } from '../control/operations.js';
import { Field } from '../control/vmcs.js';
import { onRegionAccess } from './regionAccess.js';

/**
 * Handles an EPT violation. The guest has all rights to all memory but the regions that have an owner and the
 * hypervisor's. So an access outside such a region means that the guest, or its page tables, accessed the hypervisor's
 * memory. The guest gets a page of ones there and continues. An event that was in delivery, or an IRET, starts again
 * (SDM 3C 27.2.3, 27.2.4).
 */
export function onEptViolation(vcpu: Vcpu): void {
  const address = gpa(vmread(Field.guestPhysicalAddress));
  const owner = ownerOfAddress(address);
  if (owner !== Owner.guest) {
    onRegionAccess(vcpu, address, owner);
    return;
  }
  const rip = vmread(Field.guestRip);
  recordEvent(Event.hiddenMemory, u64(address), rip);
  if (!showDecoy(address)) stopGuest('the guest used an address beyond what its processor has', rip);
  if (!repeatEvent() && (vmread(Field.exitQualification) & NMI_UNBLOCKED) !== 0n) blockNmiAgain();
}
