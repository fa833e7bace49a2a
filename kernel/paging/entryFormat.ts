/**
 * What page-table entries are like: the rights that an entry gives, and its memory type, in the bits of each format. All
 * formats have 512 entries of eight bytes in a table, and an address in bits 51:12 of each. An entry without the bits of READ maps nothing.
 */
import { at, struct, U32, U64, u64, type Hpa, type Ref, type u32 } from '../../transpiler/lib/index.js';
import { memoryTypeAt } from './mtrr.js';

/**
 * Rights to a page, whatever the format: any of these, added up. What may be written or executed can be read as well, so a
 * page without READ is not mapped.
 */
export const READ = 1 << 0;
export const WRITE = 1 << 1;
export const EXECUTE = 1 << 2;
/** Accesses never go to a cache, as those to registers of devices. Without it, they are cached as the firmware's MTRRs say. */
export const UNCACHED = 1 << 3;
/** All that can be done to ordinary memory. */
export const ALL_RIGHTS = READ | WRITE | EXECUTE;

export const EntryFormat = struct(
  'EntryFormat',
  { size: 72 },
  {
    /** What an entry holds that leads to a table. */
    table: at(0, U64),
    /** What an entry holds for each right that it gives. */
    read: at(8, U64),
    write: at(16, U64),
    execute: at(24, U64),
    /** What an entry holds where it does not give the right to execute. */
    noExecute: at(32, U64),
    uncached: at(40, U64),
    /** What tells an entry that maps a page larger than 4 KiB from one that leads to a table. */
    large: at(48, U64),
    /** What an entry holds for each 1 of the page's memory type; 0 where entries do not tell types. */
    memoryTypeUnit: at(56, U64),
    /** The highest level at which an entry can map a page. */
    largestLevel: at(64, U32),
  },
);
export type EntryFormat = Ref<typeof EntryFormat>;

/** The entry that maps the page at `target` with `rights` at `level`. Without READ it keeps only how large the page is. */
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

/** The type is the one of all of the page (mtrr.ts). Uncached is type 0. */
function typeBits(target: Hpa, rights: u32, format: EntryFormat): u64 {
  const unit = format.memoryTypeUnit;
  if (unit === 0n || (rights & UNCACHED) !== 0) return 0n;
  return u64(u64(memoryTypeAt(target)) * unit);
}
