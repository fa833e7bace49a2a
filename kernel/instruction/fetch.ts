/**
 * Copies the guest's machine code, and data of an instruction. Each byte is read once, since the guest may change it
 * meanwhile.
 */
import { requires, u64, window, type Bytes, type Gpa, type u32 } from '../../transpiler/lib/index.js';
import { hostAddress, readableHostAddress } from '../space/nestedPaging.js';
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
 * Copies the byte at the guest-physical address `found` to index `index`. It may be data, which the guest learns: where the
 * guest may not read, it is the decoy's.
 */
export function copyByte(bytes: Bytes, index: u32, found: Gpa): void {
  requires(index < bytes.length);
  bytes.setU8(index, window(readableHostAddress(found), 1).u8(0));
}
