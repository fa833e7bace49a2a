/**
 * Page tables of four levels with 512 entries each, for any entry format: the hypervisor's own tables, NPT and EPT are
 * built here. Each level uses nine bits of an address, the lowest from bit 12 on.
 */
import {
  arr,
  at,
  cpuid,
  ensures,
  hpa,
  invariant,
  list,
  min32,
  physical,
  requires,
  struct,
  u32,
  U64,
  u64,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { ENTRY_ADDRESS } from '../x86/pageEntry.js';
import { GIB_PAGE_BYTES, GIB_PAGE_LEVEL, LARGE_PAGE_BYTES, PAGE_BYTES } from '../x86/pages.js';
import { allocatePages } from './allocator.js';
import { entryWith, pageEntry, rightsBits, sizeBit, typeUnit, type EntryFormat } from './entryFormat.js';
import { uniformType } from './mtrr.js';
import { Leaf } from '../x86/cpuid.js';

export const PageTable = arr(U64, 512);
/** One entry of a table. */
export const Entry = struct('Entry', { size: 8 }, { value: at(0, U64) });
export const ENTRY_BYTES = 8n;
const ENTRIES = 0x1ffn;
const TOP_LEVEL = 4;
const LARGEST_PAGE_LEVEL = GIB_PAGE_LEVEL;

/** Size of the page that an entry maps at levels 1, 2 and 3. */
const pageBytes = list(U64, [PAGE_BYTES, LARGE_PAGE_BYTES, GIB_PAGE_BYTES]);

/** CPUID 8000_0001H, EDX[26]: the processor has 1 GiB pages (APM 3, E.4.2). */
const EDX_1GIB_PAGES = 1 << 26;

/**
 * Maps `bytes` bytes from address `from` on to machine memory from `to` on, with `rights` and with the largest pages
 * that the processor and the memory types allow. All three are multiples of 4 KiB.
 */
export function mapRange(root: Hpa, from: u64, to: Hpa, bytes: u64, rights: u32, format: EntryFormat): void {
  const largest = min32(format.largestLevel, LARGEST_PAGE_LEVEL);
  const bits = rightsBits(rights, format);
  const unit = typeUnit(rights, format);
  let done: u64 = 0n;
  while (done < bytes) {
    const address = u64(from + done);
    const target = hpa(to + done);
    const level = levelFor(largest, address, target, u64(bytes - done));
    setEntry(root, address, level, entryWith(target, bits | sizeBit(level, format), unit), format);
    done = u64(done + pageBytes.get(level - 1));
  }
}

/** Sets the entry for `address` at `level`, and creates missing tables above it. */
export function setEntry(root: Hpa, address: u64, level: u32, entry: u64, format: EntryFormat): void {
  requires(level >= 1 && level <= LARGEST_PAGE_LEVEL);
  let table: Hpa = root;
  for (let above: u32 = TOP_LEVEL; above > level; above--) {
    table = tableBelow(table, indexAt(address, above), format);
  }
  physical(PageTable, table).set(indexAt(address, level), entry);
}

/** Splits larger pages around `address`, a multiple of 4 KiB, so that no page extends across it. */
export function splitAt(root: Hpa, address: u64, format: EntryFormat): void {
  for (let level: u32 = LARGEST_PAGE_LEVEL; level > 1; level--) {
    if (address % pageBytes.get(level - 1) === 0n) continue;
    const place = placeOfEntry(root, address, level);
    if (place === 0n) continue;
    const present = physical(Entry, place).value;
    if ((present & format.large) !== 0n)
      physical(Entry, place).value = u64(splitPage(present, level, format)) | format.table;
  }
}

/**
 * Gives `rights` to the `bytes` bytes from `address` on, which are mapped to themselves; both are multiples of 4 KiB. False
 * where a page is larger than what is left, or where no table leads to one: the rights of those before it have changed.
 */
export function changeRights(root: Hpa, address: u64, bytes: u64, rights: u32, format: EntryFormat): boolean {
  let done: u64 = 0n;
  while (done < bytes) {
    const page = u64(address + done);
    const level = levelOfPage(root, page, format);
    const size = pageBytes.get(level - 1);
    const place = placeOfEntry(root, page, level);
    if (place === 0n || page % size !== 0n || size > u64(bytes - done)) return false;
    physical(Entry, place).value = pageEntry(hpa(page), rights, level, format);
    done = u64(done + size);
  }
  return true;
}

/** The level of the entry that maps `address`; 1 if there is none. */
function levelOfPage(root: Hpa, address: u64, format: EntryFormat): u32 {
  let table: Hpa = root;
  for (let level: u32 = TOP_LEVEL; level > 1; level--) {
    invariant(level <= TOP_LEVEL);
    const entry = physical(PageTable, table).get(indexAt(address, level));
    if (level <= LARGEST_PAGE_LEVEL && (entry & format.large) !== 0n) {
      const found = level;
      ensures(found >= 1 && found <= LARGEST_PAGE_LEVEL);
      return found;
    }
    if (entry === 0n) break;
    table = hpa(entry & ENTRY_ADDRESS);
  }
  const found: u32 = 1;
  ensures(found >= 1 && found <= LARGEST_PAGE_LEVEL);
  return found;
}

/** The entry that maps `address`; 0 if there is none. */
export function entryOfPage(root: Hpa, address: u64, format: EntryFormat): u64 {
  const place = placeOfEntry(root, address, levelOfPage(root, address, format));
  return place === 0n ? 0n : physical(Entry, place).value;
}

/** The address of the entry for `address` at `level`; 0 if no table leads to it. */
export function placeOfEntry(root: Hpa, address: u64, level: u32): Hpa {
  requires(level >= 1 && level <= LARGEST_PAGE_LEVEL);
  let table: Hpa = root;
  for (let above: u32 = TOP_LEVEL; above > level; above--) {
    const entry = physical(PageTable, table).get(indexAt(address, above));
    if (entry === 0n) return hpa(0n);
    table = hpa(entry & ENTRY_ADDRESS);
  }
  return hpa(table + u64(indexAt(address, level)) * ENTRY_BYTES);
}

/** Creates a table of smaller pages that map the same as `entry` does at `level`. */
function splitPage(entry: u64, level: u32, format: EntryFormat): Hpa {
  requires(level > 1 && level <= LARGEST_PAGE_LEVEL);
  const table = allocatePages(1);
  const entries = physical(PageTable, table);
  const bytes = pageBytes.get(level - 2);
  const first: u64 = level > 2 ? entry : entry & u64(~format.large);
  for (let i: u32 = 0; i < entries.length; i++) entries.set(i, u64(first + u64(i) * bytes));
  return table;
}

function tableBelow(table: Hpa, index: u32, format: EntryFormat): Hpa {
  requires(index < 512);
  const entries = physical(PageTable, table);
  const entry = entries.get(index);
  if (entry !== 0n) return hpa(entry & ENTRY_ADDRESS);
  const below = allocatePages(1);
  entries.set(index, u64(below) | format.table);
  return below;
}

/** The level of the largest page that alignment and length allow and that has a single memory type (APM 2, 7.7.2). */
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

/** The highest level at which an entry can map a page: 3 with 1 GiB pages, else 2. */
export function largestPageLevel(): u32 {
  const features = cpuid(Leaf.extendedFeatures, 0);
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
