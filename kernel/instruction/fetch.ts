/**
 * Copies the guest's machine code. Each byte is read once, since the guest may change it
 * meanwhile.
 */
import { gva, requires, u64, window, type Bytes, type Gpa, type u32 } from '../../transpiler/lib/index.js';
import { guestPhysical, NOT_PRESENT, type Paging } from '../space/guestPaging.js';
import { CODE_FETCH, CODE_USER } from '../space/guestRights.js';
import { hostAddress } from '../space/nestedPaging.js';
import { EFER_NXE } from '../x86/registers.js';
import { OFFSET_IN_PAGE, PAGE_BYTES } from '../x86/pages.js';
import { MOST_BYTES, READABLE_BYTES } from './code.js';

/** Number of bytes copied at once. */
const COPIED = 16n;

/**
 * Whether all bytes that copyCode() copies from the guest-physical address `first` on are in one page. NOT_PRESENT is
 * in none.
 */
export function isInOnePage(first: Gpa): boolean {
  return (u64(first) & OFFSET_IN_PAGE) <= PAGE_BYTES - COPIED;
}

/**
 * Copies the code at the guest-physical address `first` to `code`. Returns the number of bytes that an instruction may
 * have there.
 */
export function copyCode(code: Bytes, first: Gpa): u32 {
  requires(code.length >= READABLE_BYTES);
  const source = window(hostAddress(first), 16);
  code.setU64(0, source.u64(0));
  code.setU64(8, source.u64(8));
  return MOST_BYTES;
}

/**
 * Copies the code at the linear address `start`, which may be in two pages, to `code`. `last` is the last linear address.
 * Returns the number of bytes copied, which is less than MOST_BYTES if the next page is not present.
 */
export function copyAcross(code: Bytes, paging: Paging, start: u64, last: u64): u32 {
  requires(code.length >= READABLE_BYTES);
  for (let i: u32 = 0; i < MOST_BYTES; i++) {
    const address = gva(u64(start + u64(i)) & last);
    const found = guestPhysical(paging.cr0, paging.cr3, paging.cr4, paging.efer, address);
    if (found === NOT_PRESENT) return i;
    code.setU8(i, window(hostAddress(found), 1).u8(0));
  }
  return MOST_BYTES;
}

/**
 * The error code of the page fault that fetching code raises where the page is not present, at privilege level `level`.
 * Only a stale TLB entry made the processor's own fetch possible.
 */
export function fetchFaultCode(efer: u64, level: u32): u32 {
  const fetch: u32 = (efer & EFER_NXE) !== 0n ? CODE_FETCH : 0;
  return level === 3 ? fetch | CODE_USER : fetch;
}
