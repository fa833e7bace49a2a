/**
 * The guest's own page tables, read as the processor reads them (APM 2, chapter 5). Presence is all
 * that is looked at: the processor has checked the rights of what it has already fetched.
 */
import { gpa, requires, u64, window, type Gpa, type Gva } from '../../transpiler/lib/index.js';
import { hostAddress } from './nestedPaging.js';

const CR0_PG = 1n << 31n;
const CR4_PAE = 1n << 5n;
const CR4_PSE = 1n << 4n;
const CR4_LA57 = 1n << 12n;
const EFER_LMA = 1n << 10n;

const PRESENT = 1n << 0n;
const LARGE = 1n << 7n;
const ADDRESS = 0x000f_ffff_ffff_f000n;
const PAE_ROOT = 0xffff_ffe0n;
const LEGACY_ADDRESS = 0xffff_f000n;

/** The lowest address bit that indexes the top table. */
const FIVE_LEVELS = 48n;
const FOUR_LEVELS = 39n;
const PAE_LEVELS = 30n;
/** 1 GiB: no larger page exists. */
const LARGEST_PAGE = 30n;
const PAGE = 12n;

/** No guest-physical address: the page is not present. */
export const NOT_PRESENT = 0xffff_ffff_ffff_ffffn;

/** The guest-physical address of `address` under the given control registers; NOT_PRESENT where it has none. */
export function guestPhysical(cr0: u64, cr3: u64, cr4: u64, efer: u64, address: Gva): Gpa {
  const linear = u64(address);
  if ((cr0 & CR0_PG) === 0n) return gpa(linear & 0xffff_ffffn);
  if ((cr4 & CR4_PAE) === 0n) return walkLegacy(cr3 & LEGACY_ADDRESS, (cr4 & CR4_PSE) !== 0n, linear & 0xffff_ffffn);
  if ((efer & EFER_LMA) === 0n) return walk(cr3 & PAE_ROOT, PAE_LEVELS, linear & 0xffff_ffffn);
  return walk(cr3 & ADDRESS, (cr4 & CR4_LA57) !== 0n ? FIVE_LEVELS : FOUR_LEVELS, linear);
}

/** Tables of eight-byte entries, nine address bits a level; of the top one with PAE only four entries count. */
function walk(root: u64, top: u64, address: u64): Gpa {
  requires(top <= FIVE_LEVELS);
  let table: u64 = root;
  for (let shift: u64 = top; shift >= PAGE; shift -= 9n) {
    const entry = readEntry(table | (((address >> shift) & 0x1ffn) << 3n));
    if ((entry & PRESENT) === 0n) return NOT_PRESENT;
    table = entry & ADDRESS;
    const maps = shift === PAGE || (shift <= LARGEST_PAGE && (entry & LARGE) !== 0n);
    if (maps) return gpa(((table >> shift) << shift) | (address & ((1n << shift) - 1n)));
  }
  return NOT_PRESENT;
}

/** Two tables of four-byte entries; with page-size extensions an entry of the first may map 4 MiB (APM 2, 5.2). */
function walkLegacy(root: u64, hasLargePages: boolean, address: u64): Gpa {
  const directoryEntry = readLegacyEntry(root | ((address >> 22n) << 2n));
  if ((directoryEntry & PRESENT) === 0n) return NOT_PRESENT;
  if (hasLargePages && (directoryEntry & LARGE) !== 0n)
    return gpa(largeLegacyPage(directoryEntry) | (address & 0x3f_ffffn));
  const entry = readLegacyEntry((directoryEntry & LEGACY_ADDRESS) | (((address >> 12n) & 0x3ffn) << 2n));
  if ((entry & PRESENT) === 0n) return NOT_PRESENT;
  return gpa((entry & LEGACY_ADDRESS) | (address & 0xfffn));
}

/** Bits 20:13 of the entry are address bits 39:32 (PSE-36). */
function largeLegacyPage(entry: u64): u64 {
  return (entry & 0xffc0_0000n) | (((entry >> 13n) & 0xffn) << 32n);
}

function readEntry(address: u64): u64 {
  return window(hostAddress(gpa(address)), 8).u64(0);
}

function readLegacyEntry(address: u64): u64 {
  return u64(window(hostAddress(gpa(address)), 4).u32(0));
}
