/**
 * Memory ranges to which the guest lacks some rights, such as registers of devices. Owners announce the number of their
 * ranges before the hypervisor's memory is reserved, and set the ranges apart before the guest runs, which takes tables
 * of smaller pages. Later only the rights change, in existing entries.
 */
import { min64, u64, type Gpa, type u32 } from '../../transpiler/lib/index.js';
import { FOUR_GIB, PAGE_BYTES } from '../x86/pages.js';
import { changeRights, setEntry, splitAt } from '../paging/pageTables.js';
import { fail } from '../report/fail.js';
import { addressSpaceEnd } from './addressWidth.js';
import { decoyEntry, MOST_RANGES, paging } from './nestedPaging.js';

const NOT_THERE = 'memory is to be set apart that the guest does not have';

/** Reserves memory for the tables of `count` more ranges. */
export function announceRanges(count: u32): void {
  const announced = paging.announcedRanges;
  if (announced > MOST_RANGES || count > MOST_RANGES - announced) fail('too many ranges of memory are to be set apart');
  paging.announcedRanges = announced + count;
}

/**
 * Gives the guest `rights` (kernel/paging/entryFormat.ts) to an announced range: the `bytes` bytes at `address`, both
 * multiples of 4 KiB. Must be called before the guest runs.
 */
export function setRights(address: Gpa, bytes: u64, rights: u32): void {
  setApart(address, bytes);
  noteDevice(u64(address), u64(u64(address) + bytes));
  if (!changeRightsOfRange(address, bytes, rights)) fail(NOT_THERE);
}

/**
 * Changes the rights to a range of setRights(). They take effect once all processors have flushed their TLBs. Returns
 * false if the range was not set apart.
 */
export function changeRightsOfRange(address: Gpa, bytes: u64, rights: u32): boolean {
  return changeRights(paging.root, u64(address), bytes, rights, paging.format);
}

/** Hides the page at `address`, an announced range: the guest reads and writes the decoy page instead. */
export function hidePage(address: Gpa): void {
  setApart(address, PAGE_BYTES);
  setEntry(paging.root, u64(address), 1, decoyEntry(), paging.format);
}

/**
 * Sets a range apart. Stops start-up if more ranges are set apart than were announced, or if one overlaps the
 * hypervisor's memory.
 */
function setApart(address: Gpa, bytes: u64): void {
  const start = u64(address);
  const end = u64(start + bytes);
  const hiddenStart = u64(paging.hiddenStart);
  const used = paging.rangesSetApart;
  if (used >= paging.announcedRanges) fail('more ranges of memory are set apart than were announced');
  if (start >= addressSpaceEnd() || bytes > u64(addressSpaceEnd() - start)) fail(NOT_THERE);
  if (start < u64(hiddenStart + paging.hiddenBytes) && end > hiddenStart)
    fail('memory of the hypervisor is to be set apart');
  paging.rangesSetApart = used + 1;
  splitAt(paging.root, start, paging.format);
  splitAt(paging.root, end, paging.format);
  noteRestricted(start, end);
}

/** Records that a device is at the range: memory from its start on, up to 4 GiB or to the end, is not plain. */
function noteDevice(start: u64, end: u64): void {
  if (start < FOUR_GIB) paging.plainEnd = min64(paging.plainEnd, start);
  if (end > FOUR_GIB) paging.plainBytes = start > FOUR_GIB ? min64(paging.plainBytes, u64(start - FOUR_GIB)) : 0n;
}

function noteRestricted(start: u64, end: u64): void {
  const readableEnd = u64(paging.readableEnd);
  paging.restrictedStart = min64(paging.restrictedStart, start);
  const reached = min64(end, readableEnd);
  if (reached > paging.restrictedEnd) paging.restrictedEnd = reached;
}
