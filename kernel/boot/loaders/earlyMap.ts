/** The memory that can be read before the hypervisor has page tables of its own: what runtime-c/boot.asm maps. */
import type { u64 } from '../../../transpiler/lib/index.js';
import { largestPageLevel } from '../../paging/pageTables.js';

const GIB_PAGE_LEVEL = 3;
const FOUR_GIB = 0x1_0000_0000n;
/** With pages of 1 GiB: what one third-level table maps beside the image, which has its last two entries. */
export const MOST_MAPPED = 0x7f_8000_0000n;

/** Whether all of `bytes` from `address` on can be read. */
export function isMappedEarly(address: u64, bytes: u64): boolean {
  return address <= MOST_MAPPED && bytes <= MOST_MAPPED - address && endsInMap(address + bytes);
}

function endsInMap(end: u64): boolean {
  return end <= FOUR_GIB || largestPageLevel() === GIB_PAGE_LEVEL;
}
