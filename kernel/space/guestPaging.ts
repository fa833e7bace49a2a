/**
 * Walks the guest's own page tables as the processor does (APM 2, chapter 5; SDM 3A, chapter 4). One walk serves all modes. It
 * finds the guest-physical address, and on demand the entries and their places.
 */
import {
  arr,
  at,
  GPA,
  gpa,
  hpa,
  local,
  requires,
  struct,
  U32,
  U64,
  u64,
  window,
  type Gpa,
  type Gva,
  type Ref,
  type u32,
} from '../../transpiler/lib/index.js';
import { ENTRY_ADDRESS, ENTRY_LARGE, ENTRY_PRESENT } from '../x86/pageEntry.js';
import { OFFSET_IN_PAGE } from '../x86/pages.js';
import { CR0_PG, CR4_LA57, CR4_PAE, CR4_PSE, EFER_LMA } from '../x86/registers.js';
import { hostAddress, isPlain } from './nestedPaging.js';

/** The guest's control registers that select its paging mode and its tables. */
export const Paging = struct(
  'Paging',
  { size: 32 },
  { cr0: at(0, U64), cr3: at(8, U64), cr4: at(16, U64), efer: at(24, U64) },
);
export type Paging = Ref<typeof Paging>;

/** The largest number of levels. Level 1 is the table whose entries map 4 KiB pages. */
export const MOST_LEVELS = 5;
/** The entries that a walk used, for callers that need their rights and flags besides the address. */
export const GuestPath = struct(
  'GuestPath',
  { size: 88 },
  {
    /**
     * The value and the place of the entry of each level; 0 for a level that the walk did not reach. PAE's top table is not a
     * level: its entries have neither rights nor flags.
     */
    entries: at(0, arr(U64, MOST_LEVELS)),
    places: at(40, arr(GPA, MOST_LEVELS)),
    /** The size of an entry in bytes: 4 or 8. */
    width: at(80, U32),
  },
);
export type GuestPath = Ref<typeof GuestPath>;

const PAE_ROOT = 0xffff_ffe0n;
/** Mask for the offset of an 8-byte entry in its table, once the nine index bits of the address are at bits 11:3. */
const INDEX = 0xff8n;
/** Masks for the offset within a page of 2 MiB and of 1 GiB. */
const MIB_2_OFFSET = 0x1f_ffffn;
const GIB_OFFSET = 0x3fff_ffffn;
/** For 4-byte entries, which ten bits of the address select. */
const LEGACY_ADDRESS = 0xffff_f000n;
const LEGACY_INDEX = 0xffcn;
const MIB_4_OFFSET = 0x3f_ffffn;
const LOW_HALF = 0xffff_ffffn;

/** The result for a page that is not present. It is no guest-physical address. */
export const NOT_PRESENT = 0xffff_ffff_ffff_ffffn;

/**
 * The guest-physical address of `address` under the given control registers; NOT_PRESENT where it has none. Almost every exit
 * asks for it, in the mode of 64-bit kernels and with page tables in plain memory: that walk is short and calls nothing.
 */
export function guestPhysical(cr0: u64, cr3: u64, cr4: u64, efer: u64, address: Gva): Gpa {
  if ((efer & EFER_LMA) !== 0n && (cr4 & CR4_LA57) === 0n) {
    const found = walkFour(null, cr3 & ENTRY_ADDRESS, u64(address));
    if (found !== NOT_PRESENT) return found;
  }
  return walkAnywhere(cr0, cr3, cr4, efer, address);
}

function walkAnywhere(cr0: u64, cr3: u64, cr4: u64, efer: u64, address: Gva): Gpa {
  const path = local(GuestPath);
  return walkGuest(path, cr0, cr3, cr4, efer, address);
}

/** Like guestPhysical(), and stores the entries in `path`, which must be all zero before. Each entry is read once. */
export function walkGuest(path: GuestPath, cr0: u64, cr3: u64, cr4: u64, efer: u64, address: Gva): Gpa {
  const linear = u64(address);
  if ((efer & EFER_LMA) !== 0n) {
    const root = cr3 & ENTRY_ADDRESS;
    return (cr4 & CR4_LA57) !== 0n ? walkFive(path, root, linear) : walkFour(path, root, linear);
  }
  if ((cr0 & CR0_PG) === 0n) return gpa(linear & LOW_HALF);
  if ((cr4 & CR4_PAE) !== 0n) return walkPae(path, cr3 & PAE_ROOT, linear & LOW_HALF);
  return walkLegacy(path, cr3 & LEGACY_ADDRESS, (cr4 & CR4_PSE) !== 0n, linear & LOW_HALF);
}

function walkFive(path: GuestPath, root: u64, address: u64): Gpa {
  const entry = readEntry(path, 5, root | ((address >> 45n) & INDEX));
  return (entry & ENTRY_PRESENT) === 0n ? NOT_PRESENT : walkFour(path, entry & ENTRY_ADDRESS, address);
}

/** Without a path, entries outside plain memory count as not present. */
function walkFour(path: GuestPath | null, root: u64, address: u64): Gpa {
  const entry = readEntry(path, 4, root | ((address >> 36n) & INDEX));
  return (entry & ENTRY_PRESENT) === 0n ? NOT_PRESENT : walkThree(path, entry & ENTRY_ADDRESS, address);
}

function walkThree(path: GuestPath | null, root: u64, address: u64): Gpa {
  const entry = readEntry(path, 3, root | ((address >> 27n) & INDEX));
  if ((entry & ENTRY_PRESENT) === 0n) return NOT_PRESENT;
  if ((entry & ENTRY_LARGE) !== 0n) return pageAddress(entry, address, GIB_OFFSET);
  return walkTwo(path, entry & ENTRY_ADDRESS, address);
}

/** The top table has four entries. Only their address and their present bit count (SDM 3A 4.4.1). */
function walkPae(path: GuestPath, root: u64, address: u64): Gpa {
  const entry = window(hostAddress(gpa(root | ((address >> 30n) << 3n))), 8).u64(0);
  return (entry & ENTRY_PRESENT) === 0n ? NOT_PRESENT : walkTwo(path, entry & ENTRY_ADDRESS, address);
}

function walkTwo(path: GuestPath | null, root: u64, address: u64): Gpa {
  const directory = readEntry(path, 2, root | ((address >> 18n) & INDEX));
  if ((directory & ENTRY_PRESENT) === 0n) return NOT_PRESENT;
  if ((directory & ENTRY_LARGE) !== 0n) return pageAddress(directory, address, MIB_2_OFFSET);
  const entry = readEntry(path, 1, (directory & ENTRY_ADDRESS) | ((address >> 9n) & INDEX));
  return (entry & ENTRY_PRESENT) === 0n ? NOT_PRESENT : pageAddress(entry, address, OFFSET_IN_PAGE);
}

/** The address in the page that `entry` maps. `offset` is the mask for the offset within the page. */
function pageAddress(entry: u64, address: u64, offset: u64): Gpa {
  return gpa((entry & ENTRY_ADDRESS & u64(~offset)) | (address & offset));
}

function readEntry(path: GuestPath | null, level: u32, place: u64): u64 {
  requires(level >= 1 && level <= MOST_LEVELS);
  if (path === null) return isPlain(gpa(place)) ? window(hpa(place), 8).u64(0) : 0n;
  const entry = window(hostAddress(gpa(place)), 8).u64(0);
  noteEntry(path, level, gpa(place), entry, 8);
  return entry;
}

/** 32-bit paging without PAE has two tables. With CR4.PSE an entry of the first may map 4 MiB (APM 2, 5.2). */
function walkLegacy(path: GuestPath, root: u64, hasLargePages: boolean, address: u64): Gpa {
  const directory = readLegacyEntry(path, 2, root | ((address >> 20n) & LEGACY_INDEX));
  if ((directory & ENTRY_PRESENT) === 0n) return NOT_PRESENT;
  if (hasLargePages && (directory & ENTRY_LARGE) !== 0n)
    return gpa(largeLegacyPage(directory) | (address & MIB_4_OFFSET));
  const entry = readLegacyEntry(path, 1, (directory & LEGACY_ADDRESS) | ((address >> 10n) & LEGACY_INDEX));
  if ((entry & ENTRY_PRESENT) === 0n) return NOT_PRESENT;
  return gpa((entry & LEGACY_ADDRESS) | (address & OFFSET_IN_PAGE));
}

/** Bits 20:13 of the entry are address bits 39:32 (PSE-36). */
function largeLegacyPage(entry: u64): u64 {
  return (entry & 0xffc0_0000n) | (((entry >> 13n) & 0xffn) << 32n);
}

function readLegacyEntry(path: GuestPath, level: u32, place: u64): u64 {
  requires(level >= 1 && level <= MOST_LEVELS);
  const entry = u64(window(hostAddress(gpa(place)), 4).u32(0));
  noteEntry(path, level, gpa(place), entry, 4);
  return entry;
}

function noteEntry(path: GuestPath, level: u32, place: Gpa, entry: u64, width: u32): void {
  requires(level >= 1 && level <= MOST_LEVELS);
  path.entries.set(level - 1, entry);
  path.places.set(level - 1, place);
  path.width = width;
}
