/**
 * The second-level page tables, built once before the guest runs. They map each guest-physical address to the same machine
 * address, over the whole physical address width, except hidden memory, which the hypervisor keeps for itself.
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

/** The exceptions to the identity map, and the number of ranges that were announced. */
export const NestedPaging = struct(
  'NestedPaging',
  { size: 160 },
  {
    format: at(0, EntryFormat),
    root: at(72, HPA),
    hiddenStart: at(80, HPA),
    hiddenBytes: at(88, U64),
    /** End of the machine memory that the hypervisor's own address space maps. */
    readableEnd: at(96, HPA),
    /** The tables for hidden memory's 4 KiB pages, in order. At first no entry is present. */
    hiddenTables: at(104, HPA),
    decoy: at(112, HPA),
    /** Outside these two, and below `readableEnd`, the guest has all rights. */
    restrictedStart: at(120, U64),
    restrictedEnd: at(128, U64),
    /** Number of ranges that owners have announced, and number of them that are set apart. */
    announcedRanges: at(136, U32),
    rangesSetApart: at(140, U32),
    /** Memory that holds neither ranges of devices nor hidden memory: up to `plainEnd`, and `plainBytes` from 4 GiB on. */
    plainEnd: at(144, U64),
    plainBytes: at(152, U64),
  },
);
export const paging = instance(NestedPaging);

const ALL_ONES = 0xff;

/** Each end of a range may split a 1 GiB page into 2 MiB pages, and one of these into 4 KiB pages. */
const TABLES_OF_RANGE = 4;
/** More than devices have. */
export const MOST_RANGES = 1 << 16;
/** The size of EntryFormat. */
const FORMAT_BYTES = 72n;
/** An entry of the top level maps 512 GiB, and one of the next level 1 GiB. */
const TOP_ENTRY_BITS = 39n;
const GIB_BITS = 30n;

/**
 * Builds the tables without the `hiddenBytes` bytes at `hiddenStart`, both multiples of 2 MiB. The hypervisor itself can read
 * machine memory up to `readableEnd`. Returns the top table.
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

/** Makes the page that the guest sees in place of hidden memory. It reads as ones, like addresses without memory. */
function makeDecoy(): Hpa {
  const page = allocatePages(1);
  fillMemory(page, ALL_ONES, PAGE_BYTES);
  return page;
}

/** The largest number of pages that `buildNestedTables` takes for `hiddenBytes` of hidden memory, which lies below 4 GiB. */
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

/** Address of the top table. */
export function nestedRoot(): Hpa {
  return paging.root;
}

/** Start of hidden memory. */
export function hiddenStart(): Hpa {
  return paging.hiddenStart;
}

/** Size of hidden memory in bytes. */
export function hiddenBytes(): u64 {
  return paging.hiddenBytes;
}

/** Whether the guest cannot read `address`: hidden memory, or a range without the right to read. */
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

/** Shows the guest the decoy page at `address` from now on. Returns false if `address` is not in hidden memory. */
export function showDecoy(address: Gpa): boolean {
  if (!isInHiddenMemory(address)) return false;
  setHiddenEntry(hpa(address), decoyEntry());
  return true;
}

/** Lets the guest read the page of hidden memory at `page`. If it writes there, it sees the decoy from then on. */
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
