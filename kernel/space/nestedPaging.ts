/**
 * Second-level page tables: guest-physical addresses are machine addresses, for the whole physical
 * address width, but for the memory that the hypervisor keeps. Built once, before the guest runs.
 */
import {
  at,
  cpuid,
  fillMemory,
  hpa,
  HPA,
  instance,
  min32,
  physical,
  requires,
  struct,
  tryRdmsr,
  u32,
  U64,
  u64,
  type Gpa,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { allocatePages, PAGE_BYTES } from '../paging/allocator.js';
import { splitTables } from '../paging/mtrr.js';
import {
  Entry,
  ENTRY_BYTES,
  mapRange,
  pageEntry,
  placeOfEntry,
  setEntry,
  setPageEntry,
  type EntryFormat,
} from '../paging/pageTables.js';

const NestedPaging = struct(
  'NestedPaging',
  { size: 64 },
  {
    hiddenStart: at(0, HPA),
    hiddenBytes: at(8, U64),
    /** Machine memory that the hypervisor's own address space holds ends here. */
    readableEnd: at(16, HPA),
    /** The tables of the hidden memory's 4 KiB pages, one after the other; no entry is present at first. */
    hiddenTables: at(24, HPA),
    /** The entry that shows the guest the decoy page. */
    decoyEntry: at(32, U64),
    decoy: at(40, HPA),
    root: at(48, HPA),
    /** The one page that `hidePage` hid; where it hid none, an address that no page has. */
    hiddenPage: at(56, U64),
  },
);
const paging = instance(NestedPaging);

const LARGE_PAGE_BYTES = 0x20_0000n;
const LARGE_PAGE_LEVEL = 2;
const FOUR_GIB = 1n << 32n;
const OFFSET_IN_PAGE = 0xfffn;
const ALL_ONES = 0xff;
const NO_PAGE = 0xffff_ffff_ffff_f000n;

/** What pages that are set apart from larger ones take: two tables for each place where there are some, three at most. */
const SINGLE_PAGE_TABLES = 6;

/** CPUID 8000_0008H, EAX[7:0]: physical address width (APM 3, E.4.7). Four levels translate 48 bits. */
const ADDRESS_SIZES = 0x8000_0008;
const MOST_BITS = 48;
/** CPUID 8000_001FH: of an address, the bit that asks for encryption is EBX[5:0] (APM 3, E.4.17). */
const LAST_EXTENDED_LEAF = 0x8000_0000;
const MEMORY_ENCRYPTION = 0x8000_001f;
const HAS_ENCRYPTION = 1;
/** CPUID 7, ECX[13]: the MSR TME_ACTIVATE exists; its bits 35:32 say how many address bits choose a key (SDM 4, 982H). */
const LAST_LEAF = 0;
const MORE_FEATURES = 7;
const HAS_TME = 1 << 13;
const TME_ACTIVATE = 0x982;
/** 512 GiB for each entry of the top level, and 1 GiB for each of the next. */
const TOP_ENTRY_BITS = 39n;
const GIB_BITS = 30n;

/**
 * Builds the tables, in which the `hiddenBytes` bytes at `hiddenStart`, multiples of 2 MiB, are missing.
 * The hypervisor itself can read machine memory up to `readableEnd`. Returns the top table.
 */
export function buildNestedTables(format: EntryFormat, hiddenStart: Hpa, hiddenBytes: u64, readableEnd: Hpa): Hpa {
  const root = allocatePages(1);
  paging.root = root;
  const hiddenEnd = u64(hiddenStart + hiddenBytes);
  const end = addressSpaceEnd();
  paging.hiddenStart = hiddenStart;
  paging.hiddenBytes = hiddenBytes;
  paging.readableEnd = readableEnd;
  paging.hiddenPage = NO_PAGE;
  paging.decoy = makeDecoy();
  paging.decoyEntry = pageEntry(paging.decoy, format.page, format);
  mapRange(root, 0n, hpa(0n), u64(hiddenStart), format);
  mapRange(root, hiddenEnd, hpa(hiddenEnd), u64(end - hiddenEnd), format);
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

/**
 * Bits of an address by which memory is encrypted are none of where it is: with them the guest would reach the hidden
 * memory by other names.
 */
function addressSpaceEnd(): u64 {
  const sizes = cpuid(ADDRESS_SIZES, 0);
  const width = u32(sizes.eax & 0xff);
  const bits = min32(min32(width - min32(width, keyBits()), encryptionBit()), MOST_BITS);
  return 1n << u64(bits);
}

function encryptionBit(): u32 {
  const last = cpuid(LAST_EXTENDED_LEAF, 0);
  if (last.eax < MEMORY_ENCRYPTION) return MOST_BITS;
  const encryption = cpuid(MEMORY_ENCRYPTION, 0);
  return u32(encryption.eax & HAS_ENCRYPTION) !== 0 ? encryption.ebx & 0x3f : MOST_BITS;
}

function keyBits(): u32 {
  const last = cpuid(LAST_LEAF, 0);
  if (last.eax < MORE_FEATURES) return 0;
  const features = cpuid(MORE_FEATURES, 0);
  if (u32(features.ecx & HAS_TME) === 0) return 0;
  const activation = tryRdmsr(TME_ACTIVATE);
  return u32(activation.value >> 32n) & 0xf;
}

/** At most how many pages `buildNestedTables` takes for `hiddenBytes` of hidden memory, which lie below 4 GiB. */
export function nestedTablePages(hiddenBytes: u64, format: EntryFormat): u32 {
  requires(hiddenBytes <= FOUR_GIB);
  const end = addressSpaceEnd();
  const topEntries = u32(end >> TOP_ENTRY_BITS) + 1;
  const gibTables = format.largestLevel === LARGE_PAGE_LEVEL ? u32(end >> GIB_BITS) : 0;
  const hiddenTables = u32(hiddenBytes / LARGE_PAGE_BYTES) + 2;
  const rootAndDecoy = 2;
  return SINGLE_PAGE_TABLES + rootAndDecoy + topEntries + gibTables + splitTables() + hiddenTables;
}

/** Gives the guest `rights`, in entries of `format`, to the one page at `address`. */
export function setPageRights(address: Gpa, rights: u64, format: EntryFormat): void {
  setPageEntry(paging.root, u64(address), pageEntry(hpa(address), rights, format), format);
}

/** From now on the guest sees the decoy in place of the page at `address`, and writes to it. For one page only. */
export function hidePage(address: Gpa, format: EntryFormat): void {
  paging.hiddenPage = u64(address);
  setPageEntry(paging.root, u64(address), paging.decoyEntry, format);
}

/** Adds `rights` to those that `setPageRights` gave. They count once the processor has forgotten the former ones. */
export function addPageRights(address: Gpa, rights: u64): void {
  const place = placeOfEntry(paging.root, u64(address), 1);
  if (place === 0n) return;
  const entry = physical(Entry, place);
  entry.value = entry.value | rights;
}

/** Takes `rights` away again. */
export function takePageRights(address: Gpa, rights: u64): void {
  const place = placeOfEntry(paging.root, u64(address), 1);
  if (place === 0n) return;
  const entry = physical(Entry, place);
  entry.value = entry.value & u64(~rights);
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

/** Whether the guest cannot reach `address`. */
export function isHidden(address: Gpa): boolean {
  const isInRegion = u64(u64(address) - u64(paging.hiddenStart)) < paging.hiddenBytes;
  return isInRegion || u64(u64(address) - paging.hiddenPage) < PAGE_BYTES;
}

/** Lets the guest see the decoy page at `address` from now on. False where `address` is not hidden. */
export function showDecoy(address: Gpa): boolean {
  const offset = u64(u64(address) - u64(paging.hiddenStart));
  if (offset >= paging.hiddenBytes) return false;
  const entry = physical(Entry, hpa(paging.hiddenTables + (offset / PAGE_BYTES) * ENTRY_BYTES));
  entry.value = paging.decoyEntry;
  return true;
}

/** Lets the guest read the page of hidden memory at `page`. A write there shows it the decoy instead, as anywhere in hidden memory. */
export function showReadOnly(page: Hpa, format: EntryFormat): void {
  const offset = u64(page - paging.hiddenStart);
  if (offset >= paging.hiddenBytes) return;
  const entry = physical(Entry, hpa(paging.hiddenTables + (offset / PAGE_BYTES) * ENTRY_BYTES));
  entry.value = pageEntry(page, format.readOnly, format);
}

/** The machine address at which the hypervisor reads what the guest has at `address`. */
export function hostAddress(address: Gpa): Hpa {
  if (u64(address) < u64(paging.hiddenStart)) return hpa(address); // most is
  if (isHidden(address) || u64(address) >= u64(paging.readableEnd)) return decoyAddress(address);
  return hpa(address);
}

/** The same to write to it: here the page that is hidden alone counts as well. */
export function writableHostAddress(address: Gpa): Hpa {
  return isHidden(address) ? decoyAddress(address) : hostAddress(address);
}

function decoyAddress(address: Gpa): Hpa {
  return hpa(paging.decoy + (u64(address) & OFFSET_IN_PAGE));
}
