/**
 * What the guest's page tables allow, outside of IA-32e mode, to accesses that the processor makes by itself, and the flags
 * which it sets in them for these (SDM 3A 4.6 and 4.8). Such accesses are the supervisor's at any privilege level.
 */
import {
  arr,
  at,
  gpa,
  HPA,
  local,
  struct,
  u32,
  U32,
  u64,
  U64,
  window,
  type Hpa,
  type Ref,
} from '../../transpiler/lib/index.js';
import { CR0_PG, CR0_WP, CR4_PAE } from '../x86/registers.js';
import { writableHostAddress } from './nestedPaging.js';

const CR4_PSE = 1n << 4n;
const CR4_SMAP = 1n << 21n;

const PRESENT = 1n << 0n;
const WRITABLE = 1n << 1n;
const USER = 1n << 2n;
const LARGE = 1n << 7n;
/** In the lowest byte. */
const ACCESSED = 1 << 5;
const DIRTY = 1 << 6;
const ADDRESS = 0x000f_ffff_ffff_f000n;
const ALL_RIGHTS = 0xffff_ffff_ffff_ffffn;
const PAE_ROOT = 0xffff_ffe0n;
const LEGACY_ADDRESS = 0xffff_f000n;

/** The access may be made. No error code has this value. */
export const ALLOWED = 0xffff_ffff;
/** Bits of a page fault's error code (SDM 3A 4.7). */
const CODE_PRESENT = 1;
export const CODE_WRITE = 2;

/** With either form of paging the last two tables have rights and flags. */
const TABLES = 2;
const Path = struct(
  'Path',
  { size: 32 },
  {
    entries: at(0, arr(HPA, TABLES)),
    count: at(16, U32),
    /** Bytes of an entry: 4, or with PAE 8. */
    width: at(20, U32),
    /** What all entries have set. */
    rights: at(24, U64),
  },
);
type Path = Ref<typeof Path>;

/** Marks the page of `address` as accessed, and as written where `isWrite`. Else a page fault's error code. */
export function touchPage(cr0: u64, cr3: u64, cr4: u64, address: u32, isWrite: boolean): u32 {
  if ((cr0 & CR0_PG) === 0n) return ALLOWED;
  const path = local(Path);
  followPath(path, cr3, cr4, address);
  const code = refusal(path.rights, cr0, cr4, isWrite);
  if (code === ALLOWED) mark(path, isWrite);
  return code;
}

function refusal(rights: u64, cr0: u64, cr4: u64, isWrite: boolean): u32 {
  const write: u32 = isWrite ? CODE_WRITE : 0;
  if ((rights & PRESENT) === 0n) return write;
  const isReadOnly = (cr0 & CR0_WP) !== 0n && (rights & WRITABLE) === 0n;
  const isUsers = (cr4 & CR4_SMAP) !== 0n && (rights & USER) !== 0n;
  return isUsers || (isWrite && isReadOnly) ? CODE_PRESENT + write : ALLOWED;
}

function followPath(path: Path, cr3: u64, cr4: u64, address: u32): void {
  path.rights = ALL_RIGHTS;
  if ((cr4 & CR4_PAE) !== 0n) followWidePath(path, cr3, address);
  else followNarrowPath(path, cr3, (cr4 & CR4_PSE) !== 0n, address);
}

/** The first of the three tables of PAE has neither rights nor flags. */
function followWidePath(path: Path, cr3: u64, address: u32): void {
  path.width = 8;
  const pointer = read(writableHostAddress(gpa((cr3 & PAE_ROOT) + 8n * u64(address >>> 30))), 8);
  if ((pointer & PRESENT) === 0n) {
    path.rights = 0n;
    return;
  }
  const entry = addEntry(path, pointer & ADDRESS, (address >>> 21) & 0x1ff);
  if ((entry & PRESENT) !== 0n && (entry & LARGE) === 0n) addEntry(path, entry & ADDRESS, (address >>> 12) & 0x1ff);
}

function followNarrowPath(path: Path, cr3: u64, hasLargePages: boolean, address: u32): void {
  path.width = 4;
  const entry = addEntry(path, cr3 & LEGACY_ADDRESS, address >>> 22);
  const isLarge = hasLargePages && (entry & LARGE) !== 0n;
  if ((entry & PRESENT) !== 0n && !isLarge) addEntry(path, entry & LEGACY_ADDRESS, (address >>> 12) & 0x3ff);
}

function addEntry(path: Path, table: u64, index: u32): u64 {
  const place = writableHostAddress(gpa(u64(table + u64(index) * u64(path.width))));
  const entry = read(place, path.width);
  const count = path.count;
  if (count >= TABLES) return 0n;
  path.entries.set(count, place);
  path.count = count + 1;
  path.rights = path.rights & entry;
  return entry;
}

function mark(path: Path, isWrite: boolean): void {
  const count = path.count;
  for (let i: u32 = 0; i < count && i < TABLES; i++) {
    const entries = window(path.entries.get(i), 1);
    const flags = isWrite && i === count - 1 ? ACCESSED | DIRTY : ACCESSED;
    if ((u32(entries.u8(0)) & flags) !== flags) entries.setU8(0, entries.u8(0) | flags);
  }
}

function read(place: Hpa, width: u32): u64 {
  return width === 8 ? window(place, 8).u64(0) : u64(window(place, 4).u32(0));
}
