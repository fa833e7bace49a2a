/** Sizes of pages, the same in all forms of paging (APM 2, 5.1; SDM 3A 4.2). */

/** The smallest page. */
export const PAGE_BYTES = 0x1000n;
/** Offset bits of an address within such a page, their number, and all other bits. */
export const OFFSET_IN_PAGE = 0xfffn;
export const PAGE_BITS = 12n;
export const PAGE_FRAME = 0xffff_ffff_ffff_f000n;

/** Pages that entries of the second and third level can map. */
export const LARGE_PAGE_BYTES = 0x20_0000n;
export const GIB_PAGE_BYTES = 0x4000_0000n;
export const LARGE_PAGE_LEVEL = 2;
export const GIB_PAGE_LEVEL = 3;

export const MIB = 0x10_0000n;
/** End of 32-bit addresses. The MMIO that every machine has lies below. */
export const FOUR_GIB = 0x1_0000_0000n;
