/**
 * What the guest's page tables allow, and the flags that an access sets in them (SDM 3A 4.6 and 4.8; APM 2, 5.4.2).
 * Accesses that the processor makes by itself are the supervisor's at any privilege level.
 */
import type { u64 } from '../../transpiler/lib/index.js';
import {
  at,
  compareExchange32,
  compareExchange64,
  GPA,
  invariant,
  requires,
  struct,
  u32,
  U32,
  type Gva,
  type Ref,
} from '../../transpiler/lib/index.js';
import { ENTRY_ACCESSED, ENTRY_DIRTY, ENTRY_USER, ENTRY_WRITABLE } from '../x86/pageEntry.js';
import { CR0_PG, CR0_WP, CR4_SMAP } from '../x86/registers.js';
import { GuestPath, MOST_LEVELS, NOT_PRESENT, walkGuest, type Paging } from './guestPaging.js';
import { writableHostAddress } from './nestedPaging.js';

/** Bits of a page fault's error code (SDM 3A 4.7; APM 2, 8.4.2). Those of the access are also how touchPage() is told of it. */
const CODE_PRESENT = 1;
export const CODE_WRITE = 2;
/** The access is made at privilege level 3. */
export const CODE_USER = 4;
/** It fetches an instruction; reported if NX is enabled. */
export const CODE_FETCH = 16;

/** How often an entry may have changed since it was read before the page counts as missing. A system tries again then. */
const MOST_WALKS = 8;

export const Touch = struct(
  'GuestTouch',
  { size: 104 },
  {
    path: at(0, GuestPath),
    /** The guest-physical address; NOT_PRESENT where the access may not be made. */
    address: at(88, GPA),
    /** The page fault's error code, if the access may not be made. */
    code: at(96, U32),
  },
);
export type Touch = Ref<typeof Touch>;

/**
 * Walks to `address`, and marks the tables as accessed, and the page as written for a write. `access` is CODE_WRITE,
 * CODE_USER, both or neither. Protection keys are not looked at.
 */
export function touchPage(touch: Touch, paging: Paging, address: Gva, access: u32): void {
  requires(access <= (CODE_WRITE | CODE_USER));
  for (let walks: u32 = 0; walks < MOST_WALKS; walks++) {
    clearPath(touch.path);
    touch.address = walkGuest(touch.path, paging.cr0, paging.cr3, paging.cr4, paging.efer, address);
    touch.code = access;
    if (touch.address === NOT_PRESENT) return;
    if (!isAllowed(touch.path, paging, access)) {
      touch.address = NOT_PRESENT;
      touch.code = CODE_PRESENT | access;
      return;
    }
    if (mark(touch.path, (access & CODE_WRITE) !== 0)) return;
  }
  touch.address = NOT_PRESENT;
}

function clearPath(path: GuestPath): void {
  for (let i: u32 = 0; i < MOST_LEVELS; i++) path.entries.set(i, 0n);
}

function isAllowed(path: GuestPath, paging: Paging, access: u32): boolean {
  if ((paging.cr0 & CR0_PG) === 0n) return true;
  const rights = rightsOf(path);
  const isUser = (access & CODE_USER) !== 0;
  const isReadOnly = (rights & ENTRY_WRITABLE) === 0n && (isUser || (paging.cr0 & CR0_WP) !== 0n);
  if ((access & CODE_WRITE) !== 0 && isReadOnly) return false;
  const isUsers = (rights & ENTRY_USER) !== 0n;
  return isUser ? isUsers : !isUsers || (paging.cr4 & CR4_SMAP) === 0n;
}

/** The bits that all entries of `path` have. An entry that is present is not 0. */
function rightsOf(path: GuestPath): u64 {
  let rights: u64 = 0xffff_ffff_ffff_ffffn;
  for (let i: u32 = 0; i < MOST_LEVELS; i++) {
    const entry = path.entries.get(i);
    if (entry !== 0n) rights = rights & entry;
  }
  return rights;
}

/** Sets the flags of all entries, the top one first. False where one has changed since it was read. */
function mark(path: GuestPath, isWrite: boolean): boolean {
  const last = lowestLevel(path);
  for (let level: u32 = MOST_LEVELS; level > 0; level--) {
    invariant(level <= MOST_LEVELS);
    const flags: u64 = isWrite && level === last ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;
    if (path.entries.get(level - 1) !== 0n && !markEntry(path, level - 1, flags)) return false;
  }
  return true;
}

/** The level of the entry that maps the page. */
function lowestLevel(path: GuestPath): u32 {
  for (let level: u32 = 1; level < MOST_LEVELS; level++) {
    if (path.entries.get(level - 1) !== 0n) return level;
  }
  return MOST_LEVELS;
}

/** In one step, as the processor does: another one of the guest may take the page away meanwhile. */
function markEntry(path: GuestPath, index: u32, flags: u64): boolean {
  requires(index < MOST_LEVELS);
  const entry = path.entries.get(index);
  const marked: u64 = entry | flags;
  if (marked === entry) return true;
  const place = writableHostAddress(path.places.get(index));
  if (path.width === 8) return compareExchange64(place, entry, marked) === entry;
  return compareExchange32(place, u32(entry), u32(marked)) === u32(entry);
}
