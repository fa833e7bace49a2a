/** Where the hypervisor stays: the highest memory below 4 GiB, so that low memory is the guest's. */
import { addSat64, at, hpa, HPA, instance, min64, struct, u64, U64, type Hpa } from '../../transpiler/lib/index.js';
import { excludeRange, hideRange, highestFree, topOfMemory } from '../machine/memoryMap.js';
import { processorCount } from '../machine/madt.js';
import { allocateProcessors, processorPages, PROCESSOR_BYTES } from '../vcpu/processors.js';
import { chooseTrampoline } from './trampoline.js';
import { imageBounds, relocate } from '../x86/platform.js';
import { beginLine, print, printDecimal } from '../report/console.js';
import { stop } from '../report/fail.js';
import { ADDRESS_LINE_20, allocatorStart, PAGE_BYTES } from '../paging/allocator.js';
import { buildHostTables, hostTablePages } from './hostPaging.js';
import { nestedTablePages } from './nestedPaging.js';
import type { EntryFormat } from '../paging/pageTables.js';

/** Nested page tables leave out whole large pages, and the image, of less than 1 MiB, comes to lie in an even MiB. */
export const REGION_ALIGN = 0x20_0000n;
export const FOUR_GIB = 0x1_0000_0000n;
/** The permission maps, the owners of MSRs, the parking guest and a few more. */
const OTHER_PAGES = 30;
/** What is at least used of each 2 MiB: the even MiB, less what no longer holds the longest piece that is taken at once. */
const USED_BYTES = ADDRESS_LINE_20 - PROCESSOR_BYTES;
/** On each processor, the pages that control its guest and its parking guest, and those that keep the host's state. */
const CONTROL_PAGES = 4;

const Region = struct('Region', { size: 16 }, { start: at(0, HPA), bytes: at(8, U64) });
/** What the hypervisor keeps: the image, and behind it the allocator's pages. */
export const region = instance(Region);

/**
 * Moves the image there and takes the rest for the allocator, which will hold nested page tables of `nestedFormat`, too.
 * The guest will see all of it as reserved.
 */
export function moveToRegion(nestedFormat: EntryFormat): void {
  const bounds = imageBounds();
  const bytes = regionBytes(nestedFormat);
  excludeRange(bounds.physical, u64(bounds.end - bounds.text));
  const start = highestFree(bytes, FOUR_GIB, REGION_ALIGN);
  if (start === 0n) failForMemory(bytes);
  chooseTrampoline();
  relocate(start, takeRegion(start, bytes));
}

/** Takes the `bytes` bytes at `start`. Returns the page tables for a copy of the image that lies there. */
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

/** How much memory the hypervisor needs on this machine. */
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
 * At least how large the region is in which `bytes` are used, with a page table for each of its 2 MiB. Such a table is less
 * than a 240th of what is used there; a 128th of `bytes` is enough for those of `bytes` and for their own.
 */
function withHiddenTables(bytes: u64): u64 {
  return min64(regionFor(u64(addSat64(bytes, bytes / 128n) + REGION_ALIGN)), FOUR_GIB);
}

function regionFor(used: u64): u64 {
  return u64((used / USED_BYTES + 1n) * REGION_ALIGN);
}

/** Ends start-up where there is no such memory. */
export function failForMemory(bytes: u64): never {
  beginLine();
  print('too little memory: no ');
  printDecimal(bytes);
  print(' bytes are free below 4 GiB for the hypervisor');
  stop();
}
