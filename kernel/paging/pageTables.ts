/**
 * Page tables of 512 entries and four levels, for any entry format: the hypervisor's own, NPT and
 * EPT are all built here. An address has nine bits for each level, the lowest from bit 12 on.
 */
import {
  arr,
  at,
  cpuid,
  ensures,
  hpa,
  list,
  min32,
  physical,
  requires,
  struct,
  U32,
  u32,
  U64,
  u64,
  type Hpa,
  type Ref,
} from '../../transpiler/lib/index.js';
import { allocatePages } from './allocator.js';
import { memoryTypeAt, uniformType } from './mtrr.js';

/** What entries are like. */
export const EntryFormat = struct(
  'EntryFormat',
  { size: 48 },
  {
    /** What an entry holds besides an address: one that leads to a table, maps a 4 KiB page, maps a larger page. */
    table: at(0, U64),
    page: at(8, U64),
    largePage: at(16, U64),
    /** What an entry that maps a page holds for each 1 of its memory type; 0 where types are not told by entries. */
    memoryTypeUnit: at(24, U64),
    /** The highest level at which an entry can map a page. */
    largestLevel: at(32, U32),
    /** What an entry holds that maps a 4 KiB page which the guest may read, but neither write nor execute. */
    readOnly: at(40, U64),
  },
);
export type EntryFormat = Ref<typeof EntryFormat>;

export const PageTable = arr(U64, 512);
/** One entry of a table. */
export const Entry = struct('Entry', { size: 8 }, { value: at(0, U64) });
export const ENTRY_BYTES = 8n;
const ENTRIES = 0x1ffn;
const TOP_LEVEL = 4;
const LARGEST_PAGE_LEVEL = 3;
const ADDRESS = 0x000f_ffff_ffff_f000n;

/** What an entry maps at levels 1, 2 and 3. */
const pageBytes = list(U64, [0x1000n, 0x20_0000n, 0x4000_0000n]);

/** CPUID 8000_0001H, EDX[26] (APM 3, E.4.2). */
const EXTENDED_FEATURES = 0x8000_0001;
const EDX_1GIB_PAGES = 1 << 26;

/**
 * Maps `bytes` bytes from address `from` on to machine memory from `to` on, with the largest pages that
 * the processor and the memory types allow. All three are multiples of 4 KiB.
 */
export function mapRange(root: Hpa, from: u64, to: Hpa, bytes: u64, format: EntryFormat): void {
  const largest = min32(format.largestLevel, LARGEST_PAGE_LEVEL);
  let done: u64 = 0n;
  while (done < bytes) {
    const address = u64(from + done);
    const target = hpa(to + done);
    const level = levelFor(largest, address, target, u64(bytes - done));
    setEntry(root, address, level, pageEntry(target, level > 1 ? format.largePage : format.page, format), format);
    done = u64(done + pageBytes.get(level - 1));
  }
}

/** The entry that maps `target` with `rights`, one of those of `format`. */
export function pageEntry(target: Hpa, rights: u64, format: EntryFormat): u64 {
  const unit = format.memoryTypeUnit;
  const entry: u64 = u64(target) | rights;
  return unit === 0n ? entry : entry | u64(u64(memoryTypeAt(target)) * unit);
}

/** Sets the entry for `address` at `level`; makes the tables above it where they are missing. */
export function setEntry(root: Hpa, address: u64, level: u32, entry: u64, format: EntryFormat): void {
  requires(level >= 1 && level <= LARGEST_PAGE_LEVEL);
  let table: Hpa = root;
  for (let above: u32 = TOP_LEVEL; above > level; above--) {
    table = tableBelow(table, indexAt(address, above), format);
  }
  physical(PageTable, table).set(indexAt(address, level), entry);
}

/** Sets the entry that maps the 4 KiB page at `address`; a larger page around it becomes smaller ones first. */
export function setPageEntry(root: Hpa, address: u64, entry: u64, format: EntryFormat): void {
  for (let level: u32 = LARGEST_PAGE_LEVEL; level > 1; level--) {
    const place = placeOfEntry(root, address, level);
    if (place === 0n) continue;
    const present = physical(Entry, place).value;
    if (isLargePage(present, format))
      physical(Entry, place).value = u64(splitPage(present, level, format)) | format.table;
  }
  setEntry(root, address, 1, entry, format);
}

/** Where the entry for `address` at `level` is; 0 where no table leads to it. */
export function placeOfEntry(root: Hpa, address: u64, level: u32): Hpa {
  requires(level >= 1 && level <= LARGEST_PAGE_LEVEL);
  let table: Hpa = root;
  for (let above: u32 = TOP_LEVEL; above > level; above--) {
    const entry = physical(PageTable, table).get(indexAt(address, above));
    if (entry === 0n) return hpa(0n);
    table = hpa(entry & ADDRESS);
  }
  return hpa(table + u64(indexAt(address, level)) * ENTRY_BYTES);
}

function isLargePage(entry: u64, format: EntryFormat): boolean {
  return (entry & largeFlag(format)) !== 0n;
}

function largeFlag(format: EntryFormat): u64 {
  return format.largePage & u64(~format.page);
}

/** A table of smaller pages that together map what `entry` maps at `level`. */
function splitPage(entry: u64, level: u32, format: EntryFormat): Hpa {
  requires(level > 1 && level <= LARGEST_PAGE_LEVEL);
  const table = allocatePages(1);
  const entries = physical(PageTable, table);
  const bytes = pageBytes.get(level - 2);
  const first: u64 = level > 2 ? entry : entry & u64(~largeFlag(format));
  for (let i: u32 = 0; i < entries.length; i++) entries.set(i, u64(first + u64(i) * bytes));
  return table;
}

function tableBelow(table: Hpa, index: u32, format: EntryFormat): Hpa {
  requires(index < 512);
  const entries = physical(PageTable, table);
  const entry = entries.get(index);
  if (entry !== 0n) return hpa(entry & ADDRESS);
  const below = allocatePages(1);
  entries.set(index, u64(below) | format.table);
  return below;
}

/** A page is as large as alignment and length allow, unless it would hold two memory types (APM 2, 7.7.2). */
function levelFor(largest: u32, address: u64, target: Hpa, left: u64): u32 {
  requires(largest <= LARGEST_PAGE_LEVEL);
  for (let level: u32 = largest; level > 1; level--) {
    const bytes = pageBytes.get(level - 1);
    const aligned = (address | u64(target)) % bytes === 0n;
    if (aligned && left >= bytes && uniformType(target, bytes)) {
      const found = level;
      ensures(found >= 1 && found <= LARGEST_PAGE_LEVEL);
      return found;
    }
  }
  const found: u32 = 1;
  ensures(found >= 1 && found <= LARGEST_PAGE_LEVEL);
  return found;
}

/** The level at which an entry can map a page: 3 with 1 GiB pages, else 2. */
export function largestPageLevel(): u32 {
  const features = cpuid(EXTENDED_FEATURES, 0);
  const level: u32 = u32(features.edx & EDX_1GIB_PAGES) !== 0 ? LARGEST_PAGE_LEVEL : LARGEST_PAGE_LEVEL - 1;
  ensures(level <= LARGEST_PAGE_LEVEL);
  return level;
}

function indexAt(address: u64, level: u32): u32 {
  requires(level >= 1 && level <= TOP_LEVEL);
  const shift: u32 = 3 + 9 * level;
  const index = u32((address >> u64(shift)) & ENTRIES);
  ensures(index < 512);
  return index;
}
