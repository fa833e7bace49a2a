/**
 * Memory that the guest names by a guest-physical address, such as a table or a queue. It is checked once, page by page.
 * The guest can change the memory at any time, so a caller reads each word once and decides on what it read.
 */
import { at, GPA, gpa, hpa, struct, U64, u64, window, type Gpa, type Ref } from '../../transpiler/lib/index.js';
import { OFFSET_IN_PAGE, PAGE_BYTES } from '../x86/pages.js';
import { mayRead } from './nestedPaging.js';

export const GuestBuffer = struct('GuestBuffer', { size: 16 }, { address: at(0, GPA), bytes: at(8, U64) });
export type GuestBuffer = Ref<typeof GuestBuffer>;

/** The largest buffer, so that an exit's time is bounded: more than any table or queue that a device reads has. */
export const MOST_BUFFER_BYTES = 0x40_0000n;
const ONES = 0xffff_ffff_ffff_ffffn;
const WORD_BYTES = 8n;

/**
 * Makes `buffer` the `bytes` bytes at `address`, at most MOST_BUFFER_BYTES. Returns false, and makes it empty, unless the
 * guest may read all of them and the hypervisor can reach them. The guest's rights to memory are fixed when it starts, so
 * the check holds for good.
 */
export function openBuffer(buffer: GuestBuffer, address: Gpa, bytes: u64): boolean {
  buffer.address = address;
  buffer.bytes = 0n;
  if (!mayReadAll(address, bytes)) return false;
  buffer.bytes = bytes;
  return true;
}

function mayReadAll(address: Gpa, bytes: u64): boolean {
  const start = u64(address);
  if (bytes > MOST_BUFFER_BYTES || bytes > u64(ONES - start)) return false;
  const end = u64(start + bytes);
  for (let page: u64 = start & u64(~OFFSET_IN_PAGE); page < end; page = u64(page + PAGE_BYTES)) {
    if (!mayRead(gpa(page))) return false;
  }
  return true;
}

/** Reads the eight bytes at `offset`, once. Outside the buffer they are ones, as where no memory is. */
export function readWord(buffer: GuestBuffer, offset: u64): u64 {
  if (buffer.bytes < WORD_BYTES || offset > u64(buffer.bytes - WORD_BYTES)) return ONES;
  return window(hpa(u64(buffer.address) + offset), 8).u64(0);
}
