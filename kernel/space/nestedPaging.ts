/**
 * Second-level page tables: guest-physical addresses are machine addresses, for the whole physical
 * address width, but for the memory that the hypervisor keeps. Built once, before the guest runs.
 */
import {
  addressOf,
  at,
  copyMemory,
  fillMemory,
  gpa,
  hpa,
  HPA,
  instance,
  min32,
  physical,
  requires,
  struct,
  u32,
  U32,
  U64,
  u64,
  type Gpa,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { ENTRY_ADDRESS } from '../x86/pageEntry.js';
import { FOUR_GIB, LARGE_PAGE_BYTES, LARGE_PAGE_LEVEL, OFFSET_IN_PAGE, PAGE_BYTES } from '../x86/pages.js';
import { allocatePages } from '../paging/allocator.js';
import { ALL_RIGHTS, EntryFormat, pageEntry, READ } from '../paging/entryFormat.js';
import { splitTables } from '../paging/mtrr.js';
import { Entry, ENTRY_BYTES, entryOfPage, mapRange, setEntry } from '../paging/pageTables.js';
import { addressSpaceEnd } from './addressWidth.js';

/** What is not ordinary in them, and how many tables it may take. */
export const NestedPaging = struct(
  'NestedPaging',
  { size: 160 },
  {
    format: at(0, EntryFormat),
    root: at(72, HPA),
    hiddenStart: at(80, HPA),
    hiddenBytes: at(88, U64),
    /** Machine memory that the hypervisor's own address space holds ends here. */
    readableEnd: at(96, HPA),
    /** The tables of the hidden memory's 4 KiB pages, one after the other; no entry is present at first. */
    hiddenTables: at(104, HPA),
    decoy: at(112, HPA),
    /** Below `readableEnd`, the guest has all rights to what is outside of these two. */
    restrictedStart: at(120, U64),
    restrictedEnd: at(128, U64),
    /** How many ranges owners announced, and how many of them have been set apart. */
    announcedRanges: at(136, U32),
    rangesSetApart: at(140, U32),
    /** Memory without a device's range and hidden memory: below `plainEnd`, and `plainBytes` from 4 GiB on. */
    plainEnd: at(144, U64),
    plainBytes: at(152, U64),
  },
);
export const paging = instance(NestedPaging);

const ALL_ONES = 0xff;

/** Each end of a range may be within a 1 GiB page, which becomes 2 MiB pages, and one of these 4 KiB pages. */
const TABLES_OF_RANGE = 4;
/** More than devices have. */
export const MOST_RANGES = 1 << 16;
/** Of EntryFormat. */
const FORMAT_BYTES = 72n;
/** 512 GiB for each entry of the top level, and 1 GiB for each of the next. */
const TOP_ENTRY_BITS = 39n;
const GIB_BITS = 30n;

/**
 * Builds the tables, in which the `hiddenBytes` bytes at `hiddenStart`, multiples of 2 MiB, are missing.
 * The hypervisor itself can read machine memory up to `readableEnd`. Returns the top table.
 */
export function buildNestedTables(format: EntryFormat, hiddenStart: Hpa, hiddenBytes: u64, readableEnd: Hpa): Hpa {
  const root = allocatePages(1);
  const hiddenEnd = u64(hiddenStart + hiddenBytes);
  const end = addressSpaceEnd();
  copyMemory(addressOf(paging.format), addressOf(format), FORMAT_BYTES);
  paging.root = root;
  paging.hiddenStart = hiddenStart;
  paging.hiddenBytes = hiddenBytes;
  paging.readableEnd = readableEnd;
  paging.restrictedStart = u64(hiddenStart);
  paging.restrictedEnd = hiddenEnd;
  paging.plainEnd = u64(hiddenStart);
  paging.plainBytes = readableEnd > FOUR_GIB ? u64(readableEnd - FOUR_GIB) : 0n;
  paging.decoy = makeDecoy();
  mapRange(root, 0n, hpa(0n), u64(hiddenStart), ALL_RIGHTS, format);
  mapRange(root, hiddenEnd, hpa(hiddenEnd), u64(end - hiddenEnd), ALL_RIGHTS, format);
  paging.hiddenTables = allocatePages(u32(hiddenBytes / LARGE_PAGE_BYTES));
  for (let offset: u64 = 0n; offset < hiddenBytes; offset = u64(offset + LARGE_PAGE_BYTES)) {
    const table = u64(paging.hiddenTables + (offset / LARGE_PAGE_BYTES) * PAGE_BYTES);
    setEntry(root, u64(hiddenStart + offset), LARGE_PAGE_LEVEL, table | format.table, format);
  }
  return root;
}

/** What the guest sees in place of hidden memory: a page that reads as ones, like addresses where nothing is. */
function makeDecoy(): Hpa {
  const page = allocatePages(1);
  fillMemory(page, ALL_ONES, PAGE_BYTES);
  return page;
}

/** At most how many pages `buildNestedTables` takes for `hiddenBytes` of hidden memory, which lie below 4 GiB. */
export function nestedTablePages(hiddenBytes: u64, format: EntryFormat): u32 {
  requires(hiddenBytes <= FOUR_GIB);
  const end = addressSpaceEnd();
  const topEntries = u32(end >> TOP_ENTRY_BITS) + 1;
  const gibTables = format.largestLevel === LARGE_PAGE_LEVEL ? u32(end >> GIB_BITS) : 0;
  const hiddenTables = u32(hiddenBytes / LARGE_PAGE_BYTES) + 2;
  const rootAndDecoy = 2;
  const ranges: u32 = min32(paging.announcedRanges, MOST_RANGES) * TABLES_OF_RANGE;
  return ranges + rootAndDecoy + topEntries + gibTables + splitTables() + hiddenTables;
}

/** The top table. */
export function nestedRoot(): Hpa {
  return paging.root;
}

/** Where the memory starts that the guest cannot reach. */
export function hiddenStart(): Hpa {
  return paging.hiddenStart;
}

/** How much memory the guest cannot reach. */
export function hiddenBytes(): u64 {
  return paging.hiddenBytes;
}

/** Whether the guest cannot reach what is at `address`. */
export function isHidden(address: Gpa): boolean {
  return isInHiddenMemory(address) || !isReached(address, paging.format.read);
}

function isInHiddenMemory(address: Gpa): boolean {
  return u64(u64(address) - u64(paging.hiddenStart)) < paging.hiddenBytes;
}

/** Whether the guest's entry for `address` leads there, not to the decoy, and holds `right`. */
function isReached(address: Gpa, right: u64): boolean {
  const entry = entryOfPage(paging.root, u64(address), paging.format);
  return (entry & right) === right && (entry & ENTRY_ADDRESS) !== u64(paging.decoy);
}

/** Lets the guest see the decoy page at `address` from now on. False where `address` is not hidden. */
export function showDecoy(address: Gpa): boolean {
  if (!isInHiddenMemory(address)) return false;
  setHiddenEntry(hpa(address), decoyEntry());
  return true;
}

/** Lets the guest read the page of hidden memory at `page`. A write there shows it the decoy instead, as anywhere in hidden memory. */
export function showReadOnly(page: Hpa): void {
  if (isInHiddenMemory(gpa(page))) setHiddenEntry(page, pageEntry(page, READ, 1, paging.format));
}

function setHiddenEntry(page: Hpa, entry: u64): void {
  const offset = u64(page - paging.hiddenStart);
  physical(Entry, hpa(paging.hiddenTables + (offset / PAGE_BYTES) * ENTRY_BYTES)).value = entry;
}

/** The entry that shows the guest the decoy page. */
export function decoyEntry(): u64 {
  return pageEntry(paging.decoy, ALL_RIGHTS, 1, paging.format);
}

/**
 * A quick test, for the reading of code and page tables: the guest may read `address`, or it is in the page of the
 * trampoline, which holds no secret.
 */
export function isPlain(address: Gpa): boolean {
  return u64(address) < paging.plainEnd || u64(u64(address) - FOUR_GIB) < paging.plainBytes;
}

/**
 * The machine address at which the hypervisor reads code and page tables of the guest at `address`: the decoy where the guest
 * may not read.
 */
export function hostAddress(address: Gpa): Hpa {
  return isPlain(address) ? hpa(address) : readableHostAddress(address);
}

/** The machine address at which the hypervisor reads data for the guest at `address`: the decoy where the guest may not read. */
export function readableHostAddress(address: Gpa): Hpa {
  return mayRead(address) ? hpa(address) : decoyAddress(address);
}

/** The machine address at which the hypervisor writes for the guest to `address`: the decoy where the guest may not. */
export function writableHostAddress(address: Gpa): Hpa {
  return mayWrite(address) ? hpa(address) : decoyAddress(address);
}

/** Whether the guest may read `address`, and the hypervisor reach it. */
export function mayRead(address: Gpa): boolean {
  return mayUse(address, paging.format.read);
}

/** Whether the guest may write to `address`, and the hypervisor reach it. */
export function mayWrite(address: Gpa): boolean {
  return mayUse(address, paging.format.write);
}

/** Whether the hypervisor can reach `address`, and the guest has `right` there. */
function mayUse(address: Gpa, right: u64): boolean {
  if (u64(address) < paging.restrictedStart) return true; // most is
  if (u64(address) >= u64(paging.readableEnd)) return false;
  if (u64(address) >= paging.restrictedEnd) return true;
  return !isInHiddenMemory(address) && isReached(address, right);
}

function decoyAddress(address: Gpa): Hpa {
  return hpa(paging.decoy + (u64(address) & OFFSET_IN_PAGE));
}
