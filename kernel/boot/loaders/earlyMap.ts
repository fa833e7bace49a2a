/** The memory that is mapped before the hypervisor has page tables of its own: the mapping of runtime-c/boot.asm. */
import type { u64 } from '../../../transpiler/lib/index.js';
import { largestPageLevel } from '../../paging/pageTables.js';
import { FOUR_GIB, GIB_PAGE_LEVEL } from '../../x86/pages.js';

/**
 * End of that memory with pages of 1 GiB: one page-directory-pointer table less its last two entries, which map the
 * image.
 */
export const MOST_MAPPED = 0x7f_8000_0000n;

/** Whether all `bytes` bytes from `address` on are mapped. */
export function isMappedEarly(address: u64, bytes: u64): boolean {
  return address <= MOST_MAPPED && bytes <= MOST_MAPPED - address && endsInMap(address + bytes);
}

function endsInMap(end: u64): boolean {
  return end <= FOUR_GIB || largestPageLevel() === GIB_PAGE_LEVEL;
}
