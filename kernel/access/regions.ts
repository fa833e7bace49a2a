/**
 * Memory regions whose accesses are intercepted. One call gives a region its owner and takes rights to it from the
 * guest, so that interception and owner cannot differ.
 */
import { ensures, instance, u64, type Gpa, type u32 } from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { isMapped } from '../space/hostPaging.js';
import { setRights } from '../space/pageRights.js';
import { OWNERS, type Owner } from './owner.js';
import { OwnedRanges, ownerIn, ownRange } from './ranges.js';

const regions = instance(OwnedRanges, { align: 8 });

/**
 * Gives the `bytes` bytes at `address`, both multiples of 4 KiB, to `owner`, and gives the guest `rights` to them
 * (kernel/paging/entryFormat.ts). Accesses without a right are intercepted. The owner must have announced the range
 * (space/pageRights.ts). Stops start-up if the hypervisor cannot reach the region: accesses that are to pass are done by it.
 */
export function ownRegion(address: Gpa, bytes: u64, rights: u32, owner: Owner): void {
  const first = u64(address);
  if (!isMapped(first, bytes)) fail('a region is to be intercepted that the hypervisor cannot access');
  ownRange(regions, first, u64(first + u64(bytes - 1n)), owner);
  setRights(address, bytes, rights);
}

/** The owner of `address`. */
export function ownerOfAddress(address: Gpa): u32 {
  const owner = ownerIn(regions, u64(address));
  ensures(owner < OWNERS);
  return owner;
}
