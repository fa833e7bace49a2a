/**
 * The hypervisor's own address space (APM 2, 5.3): the image, in which no page is both writable and executable, and all
 * machine memory at DIRECT. Nothing else is mapped, in particular not address 0.
 */
import {
  hpa,
  hva,
  local,
  min64,
  physical,
  readCr3,
  u32,
  u64,
  writeCr3,
  type Hpa,
  type Hva,
} from '../../transpiler/lib/index.js';
import { processorCount } from '../machine/madt.js';
import { topOfMemory } from '../machine/memoryMap.js';
import { imageStacks, STACK_COUNT, stackBottom, stackOffset, stackTop } from '../x86/stacks.js';
import { directAddress, imageBounds } from '../x86/platform.js';
import { processorMemory } from '../vcpu/processors.js';
import { trampolinePage } from './trampoline.js';
import { ENTRY_ADDRESS, ENTRY_LARGE, ENTRY_NO_EXECUTE, ENTRY_PRESENT, ENTRY_WRITABLE } from '../x86/pageEntry.js';
import { FOUR_GIB, GIB_PAGE_LEVEL, PAGE_BYTES } from '../x86/pages.js';
import { allocatePages } from '../paging/allocator.js';
import { EntryFormat, EXECUTE, READ, WRITE } from '../paging/entryFormat.js';
import { splitTables } from '../paging/mtrr.js';
import { Entry, largestPageLevel, mapRange, placeOfEntry } from '../paging/pageTables.js';

/** Size of the direct map, 64 TiB. The image is mapped above it. */
const DIRECT_BYTES = 1n << 46n;

const CODE: u32 = READ | EXECUTE;
const CONSTANTS: u32 = READ;
const DATA: u32 = READ | WRITE;

const GIB_BITS = 30n;
const TOP_ENTRY_BITS = 39n;
/**
 * Number of tables besides those counted below: the top table, three levels each for the image and the trampoline, and
 * those that split the largest pages, at both ends of the image's read-only part and at the end of memory.
 */
const FEW_TABLES = 19;
/** At least this many processors' blocks fit into the even MiB of one large page, if nothing else is there. */
const PROCESSORS_IN_LARGE_PAGE = 16;

/** Most pages that buildHostTables() takes if memory ends at `top`. */
export function hostTablePages(top: u64): u32 {
  const gibTables = largestPageLevel() === GIB_PAGE_LEVEL ? 0 : u32(mappedEnd(top) >> GIB_BITS) + 1;
  const stackTables = u32(processorCount() / PROCESSORS_IN_LARGE_PAGE) + 2;
  const topTables = u32(mappedEnd(top) >> TOP_ENTRY_BITS) + 1;
  return FEW_TABLES + topTables + gibTables + splitTables() + stackTables;
}

/**
 * Builds the page tables for an image at `image`, on a machine whose memory ends at `top`. Returns the value for CR3.
 */
export function buildHostTables(image: Hpa, top: u64): Hpa {
  const root = allocatePages(1);
  mapImage(root, image);
  mapMachine(root, image, mappedEnd(top));
  mapTrampoline(root);
  return root;
}

/** End of the machine memory that the hypervisor can access, if memory ends at `top`. */
export function mappedEnd(top: u64): u64 {
  return top > FOUR_GIB ? min64(top, DIRECT_BYTES) : FOUR_GIB;
}

/** Whether the hypervisor's own address space has the `bytes` bytes of machine memory at `address`. */
export function isMapped(address: u64, bytes: u64): boolean {
  const end = mappedEnd(topOfMemory());
  return address < end && bytes <= u64(end - address);
}

function mapImage(root: Hpa, image: Hpa): void {
  const bounds = imageBounds();
  mapPart(root, image, bounds.text, bounds.constants, CODE);
  mapPart(root, image, bounds.constants, bounds.data, CONSTANTS);
  mapPart(root, image, bounds.data, bounds.stacks, DATA);
  for (let stack: u32 = 0; stack < STACK_COUNT; stack++) {
    mapPart(root, image, stackBottom(imageStacks(), stack), stackTop(imageStacks(), stack), DATA);
  }
}

function mapPart(root: Hpa, image: Hpa, from: Hva, to: Hva, rights: u32): void {
  const bounds = imageBounds();
  mapRights(root, from, hpa(image + u64(from - bounds.text)), u64(to - from), rights);
}

/** Maps machine memory at DIRECT. The image's code and constants are read-only there, too. */
function mapMachine(root: Hpa, image: Hpa, end: u64): void {
  const bounds = imageBounds();
  const after = hpa(image + u64(bounds.data - bounds.text));
  mapDirect(root, hpa(0n), image, DATA);
  mapDirect(root, image, after, CONSTANTS);
  mapDirect(root, mapProcessors(root, after), hpa(end), DATA);
}

/**
 * Maps memory from `start` up to the processors' last stack, except for the page below each stack. Returns the address
 * after it.
 */
function mapProcessors(root: Hpa, start: Hpa): Hpa {
  let next: Hpa = start;
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) {
    const memory = processorMemory(number);
    for (let stack: u32 = 0; stack < STACK_COUNT; stack++) {
      const bottom = hpa(memory + stackOffset(stack));
      mapDirect(root, next, hpa(bottom - PAGE_BYTES), DATA);
      next = bottom;
    }
  }
  return next;
}

/** Maps machine memory from `from` up to, but not including, `to` at DIRECT. */
function mapDirect(root: Hpa, from: Hpa, to: Hpa, rights: u32): void {
  mapRights(root, directAddress(from), from, u64(to - from), rights);
}

/** Identity-maps the trampoline: APs switch paging on there, so the address must not change. */
function mapTrampoline(root: Hpa): void {
  const page = trampolinePage();
  if (page !== 0n) mapRights(root, hva(u64(page)), page, PAGE_BYTES, CODE);
}

/** Unmaps the trampoline page: no processor starts there any longer, and the page belongs to the guest. */
export function unmapTrampoline(): void {
  if (trampolinePage() === 0n) return;
  const place = placeOfEntry(hpa(readCr3() & ENTRY_ADDRESS), u64(trampolinePage()), 1);
  if (place !== 0n) physical(Entry, place).value = 0n;
  writeCr3(readCr3());
}

function mapRights(root: Hpa, from: Hva, to: Hpa, bytes: u64, rights: u32): void {
  const format = local(EntryFormat);
  format.table = ENTRY_PRESENT | ENTRY_WRITABLE;
  format.read = ENTRY_PRESENT;
  format.write = ENTRY_WRITABLE;
  format.noExecute = ENTRY_NO_EXECUTE;
  format.large = ENTRY_LARGE;
  format.largestLevel = largestPageLevel();
  mapRange(root, u64(from), to, bytes, rights, format);
}
