/**
 * Ranges of memory to which the guest does not have all rights, such as registers of devices. Their owners announce how many
 * there will be before the hypervisor's memory is set aside, and set them apart before the guest runs: that takes tables of
 * smaller pages. Later only the rights change, in entries that are there.
 */
import { min64, u64, type Gpa, type u32 } from '../../transpiler/lib/index.js';
import { PAGE_BYTES } from '../x86/pages.js';
import { changeRights, setEntry, splitAt } from '../paging/pageTables.js';
import { fail } from '../report/fail.js';
import { addressSpaceEnd } from './addressWidth.js';
import { decoyEntry, MOST_RANGES, paging } from './nestedPaging.js';

const NOT_THERE = 'memory is to be set apart that the guest does not have';

/** Has memory set aside for `count` more ranges. The tables that are built then suffice for all that were announced. */
export function announceRanges(count: u32): void {
  const announced = paging.announcedRanges;
  if (announced > MOST_RANGES || count > MOST_RANGES - announced) fail('too many ranges of memory are to be set apart');
  paging.announcedRanges = announced + count;
}

/**
 * Gives the guest `rights` (kernel/paging/entryFormat.ts) to the `bytes` bytes at `address`, both multiples of 4 KiB. It is one
 * of the ranges that were announced. Before the guest runs.
 */
export function setRights(address: Gpa, bytes: u64, rights: u32): void {
  setApart(address, bytes);
  if (!changeRightsOfRange(address, bytes, rights)) fail(NOT_THERE);
}

/**
 * Changes the rights to a range that `setRights` gave. They count once all processors have flushed their TLBs. False where
 * the range was not set apart.
 */
export function changeRightsOfRange(address: Gpa, bytes: u64, rights: u32): boolean {
  return changeRights(paging.root, u64(address), bytes, rights, paging.format);
}

/** From now on the guest sees the decoy in place of the page at `address`, and writes to it: one of the ranges that were announced. */
export function hidePage(address: Gpa): void {
  setApart(address, PAGE_BYTES);
  setEntry(paging.root, u64(address), 1, decoyEntry(), paging.format);
}

/** Ends start-up where more ranges are set apart than there are tables for, or where one is the hypervisor's own memory. */
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

function noteRestricted(start: u64, end: u64): void {
  const readableEnd = u64(paging.readableEnd);
  paging.restrictedStart = min64(paging.restrictedStart, start);
  const reached = min64(end, readableEnd);
  if (reached > paging.restrictedEnd) paging.restrictedEnd = reached;
}
