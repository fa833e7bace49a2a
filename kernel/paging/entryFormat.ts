/**
 * Formats of page-table entries: the bits for rights and for the memory type. All formats have 512 entries of eight
 * bytes in a table, and an address in bits 51:12 of each. An entry without the bits of READ maps nothing.
 */
import { at, struct, U32, U64, u64, type Hpa, type Ref, type u32 } from '../../transpiler/lib/index.js';
import { memoryTypeAt } from './mtrr.js';

/**
 * Rights to a page, independent of the format; combine them with |. WRITE and EXECUTE include reading, so a page
 * without READ is not mapped.
 */
export const READ = 1 << 0;
export const WRITE = 1 << 1;
export const EXECUTE = 1 << 2;
/** The page is never cached, as for registers of devices. Without UNCACHED the firmware's MTRRs decide. */
export const UNCACHED = 1 << 3;
/** All rights to ordinary memory. */
export const ALL_RIGHTS = READ | WRITE | EXECUTE;

export const EntryFormat = struct(
  'EntryFormat',
  { size: 72 },
  {
    /** Bits of an entry that leads to a table. */
    table: at(0, U64),
    /** Bits for each right. */
    read: at(8, U64),
    write: at(16, U64),
    execute: at(24, U64),
    /** Bits of an entry without the right to execute. */
    noExecute: at(32, U64),
    uncached: at(40, U64),
    /** Bits that mark an entry as mapping a page larger than 4 KiB. */
    large: at(48, U64),
    /** The memory type is multiplied by this and added to an entry; 0 if the format has no types. */
    memoryTypeUnit: at(56, U64),
    /** The highest level at which an entry can map a page. */
    largestLevel: at(64, U32),
  },
);
export type EntryFormat = Ref<typeof EntryFormat>;

/** The entry that maps the page at `target` with `rights` at `level`. */
export function pageEntry(target: Hpa, rights: u32, level: u32, format: EntryFormat): u64 {
  return entryWith(target, rightsBits(rights, format) | sizeBit(level, format), typeUnit(rights, format));
}

/** What an entry holds that gives `rights`. Without READ it holds nothing. */
export function rightsBits(rights: u32, format: EntryFormat): u64 {
  if ((rights & READ) === 0) return 0n;
  const write: u64 = (rights & WRITE) !== 0 ? format.write : 0n;
  const execute: u64 = (rights & EXECUTE) !== 0 ? format.execute : format.noExecute;
  const uncached: u64 = (rights & UNCACHED) !== 0 ? format.uncached : 0n;
  return format.read | write | execute | uncached;
}

/** What an entry holds that maps a page at `level`. */
export function sizeBit(level: u32, format: EntryFormat): u64 {
  return level > 1 ? format.large : 0n;
}

/** What an entry with `rights` holds for each 1 of its memory type. Uncached is type 0. */
export function typeUnit(rights: u32, format: EntryFormat): u64 {
  return (rights & READ) !== 0 && (rights & UNCACHED) === 0 ? format.memoryTypeUnit : 0n;
}

/** The entry for the page at `target` that holds `bits`, and its memory type, `unit` for each 1 of that. */
export function entryWith(target: Hpa, bits: u64, unit: u64): u64 {
  const entry: u64 = u64(target) | bits;
  return unit === 0n ? entry : entry | u64(u64(memoryTypeAt(target)) * unit);
}
