/** The bits of an entry in the processor's own page tables (APM 2, 5.4; SDM 3A 4.5). */

export const ENTRY_PRESENT = 1n << 0n;
export const ENTRY_WRITABLE = 1n << 1n;
/** Accesses at privilege level 3 are allowed, too. */
export const ENTRY_USER = 1n << 2n;
/** Both bits together select PAT entry 3, which is uncached after a reset. */
export const ENTRY_WRITE_THROUGH = 1n << 3n;
export const ENTRY_CACHE_DISABLE = 1n << 4n;
export const ENTRY_ACCESSED = 1n << 5n;
export const ENTRY_DIRTY = 1n << 6n;
/** In an entry above the first level: it maps a page. */
export const ENTRY_LARGE = 1n << 7n;
export const ENTRY_NO_EXECUTE = 1n << 63n;
/** The address bits of an entry. */
export const ENTRY_ADDRESS = 0x000f_ffff_ffff_f000n;
