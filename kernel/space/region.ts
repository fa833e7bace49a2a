/** The memory of the hypervisor: the highest below 4 GiB, so that low memory stays free for the guest. */
import { addSat64, at, hpa, HPA, instance, min64, struct, u64, U64, type Hpa } from '../../transpiler/lib/index.js';
import { excludeRange, hideRange, highestFree, topOfMemory } from '../machine/memoryMap.js';
import { processorCount } from '../machine/madt.js';
import { allocateProcessors, processorPages, PROCESSOR_BYTES } from '../vcpu/processors.js';
import { announceTrampoline, chooseTrampoline } from './trampoline.js';
import { imageBounds, relocate } from '../x86/platform.js';
import { beginLine, print, printDecimal } from '../report/console.js';
import { stop } from '../report/fail.js';
import { FOUR_GIB, PAGE_BYTES } from '../x86/pages.js';
import { ADDRESS_LINE_20, allocatorStart } from '../paging/allocator.js';
import { buildHostTables, hostTablePages } from './hostPaging.js';
import { nestedTablePages } from './nestedPaging.js';
import type { EntryFormat } from '../paging/entryFormat.js';

/**
 * Alignment of the region: nested page tables leave out whole large pages, and the image, which is smaller than 1 MiB,
 * lies in an even MiB.
 */
export const REGION_ALIGN = 0x20_0000n;
/** Pages for the permission maps, the table of MSR owners, the parking guest and a few others. */
const OTHER_PAGES = 30;
/** Least number of bytes used in each 2 MiB: the even MiB, minus a rest too short for the longest single allocation. */
const USED_BYTES = ADDRESS_LINE_20 - PROCESSOR_BYTES;
/**
 * Pages for each processor: those that control its guest and its parking guest, and those that hold the host's state.
 */
const CONTROL_PAGES = 4;

const Region = struct('Region', { size: 16 }, { start: at(0, HPA), bytes: at(8, U64) });
/** The region: the image, followed by the allocator's pages. */
export const region = instance(Region);

/**
 * Moves the image to the region and gives the rest to the allocator, also for nested page tables of `nestedFormat`. The
 * guest sees the whole region as reserved.
 */
export function moveToRegion(nestedFormat: EntryFormat): void {
  announceTrampoline();
  const bounds = imageBounds();
  const bytes = regionBytes(nestedFormat);
  excludeRange(bounds.physical, u64(bounds.end - bounds.text));
  const start = highestFree(bytes, FOUR_GIB, REGION_ALIGN);
  if (start === 0n) failForMemory(bytes);
  chooseTrampoline();
  relocate(start, takeRegion(start, bytes));
}

/** Makes the `bytes` bytes at `start` the region. Returns the page tables for a copy of the image at `start`. */
export function takeRegion(start: Hpa, bytes: u64): Hpa {
  const bounds = imageBounds();
  const imageBytes: u64 = u64(bounds.end - bounds.text);
  region.start = start;
  region.bytes = bytes;
  allocatorStart(hpa(start + imageBytes), u64(bytes - imageBytes));
  allocateProcessors();
  const tables = buildHostTables(start, topOfMemory());
  hideRange(start, bytes);
  return tables;
}

/** Size of the region on this machine. */
export function regionBytes(nestedFormat: EntryFormat): u64 {
  const bounds = imageBounds();
  const imageBytes: u64 = u64(bounds.end - bounds.text);
  const processors = processorPages() + processorCount() * CONTROL_PAGES;
  const pages = hostTablePages(topOfMemory()) + processors + OTHER_PAGES;
  const own = u64(imageBytes + u64(pages) * PAGE_BYTES);
  const few = u64(own + u64(nestedTablePages(0n, nestedFormat)) * PAGE_BYTES);
  const tables = nestedTablePages(withHiddenTables(few), nestedFormat);
  return regionFor(u64(own + u64(tables) * PAGE_BYTES));
}

/**
 * A lower bound of the region's size if `bytes` bytes of it are used, with a page table for each 2 MiB. Such a table is
 * less than a 240th of what is used of 2 MiB, so a 128th of `bytes` suffices for these tables and their own.
 */
function withHiddenTables(bytes: u64): u64 {
  return min64(regionFor(u64(addSat64(bytes, bytes / 128n) + REGION_ALIGN)), FOUR_GIB);
}

function regionFor(used: u64): u64 {
  return u64((used / USED_BYTES + 1n) * REGION_ALIGN);
}

/** Ends start-up because there is too little free memory for the region. */
export function failForMemory(bytes: u64): never {
  beginLine();
  print('too little memory: no ');
  printDecimal(bytes);
  print(' bytes are free below 4 GiB for the hypervisor');
  stop();
}
