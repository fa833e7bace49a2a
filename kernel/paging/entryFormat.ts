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

/**
 * The entry that maps the page at `target` with `rights` at `level`. Without READ it holds only the address and the
 * size.
 */
export function pageEntry(target: Hpa, rights: u32, level: u32, format: EntryFormat): u64 {
  const place: u64 = u64(target) | (level > 1 ? format.large : 0n);
  if ((rights & READ) === 0) return place;
  return place | rightsBits(rights, format) | typeBits(target, rights, format);
}

function rightsBits(rights: u32, format: EntryFormat): u64 {
  const write: u64 = (rights & WRITE) !== 0 ? format.write : 0n;
  const execute: u64 = (rights & EXECUTE) !== 0 ? format.execute : format.noExecute;
  const uncached: u64 = (rights & UNCACHED) !== 0 ? format.uncached : 0n;
  return format.read | write | execute | uncached;
}

/** The bits of the page's memory type, which is the same in the whole page (mtrr.ts). Uncached is type 0. */
function typeBits(target: Hpa, rights: u32, format: EntryFormat): u64 {
  const unit = format.memoryTypeUnit;
  if (unit === 0n || (rights & UNCACHED) !== 0) return 0n;
  return u64(u64(memoryTypeAt(target)) * unit);
}
