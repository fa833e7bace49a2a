/**
 * The guest's own page tables, read as the processor reads them (APM 2, chapter 5). Presence is all
 * that is looked at: the processor has checked the rights of what it has already fetched.
 */
import { gpa, u64, window, type Gpa, type Gva } from '../../transpiler/lib/index.js';
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

/** The place of an entry of eight bytes in its table, from the nine bits of the address that choose it. */
const INDEX = 0xff8n;
/** The bits of an address within a page. */
const PAGE_OFFSET = 0xfffn;
const MIB_2_OFFSET = 0x1f_ffffn;
const GIB_OFFSET = 0x3fff_ffffn;

/** No guest-physical address: the page is not present. */
export const NOT_PRESENT = 0xffff_ffff_ffff_ffffn;

/** The guest-physical address of `address` under the given control registers; NOT_PRESENT where it has none. */
export function guestPhysical(cr0: u64, cr3: u64, cr4: u64, efer: u64, address: Gva): Gpa {
  const linear = u64(address);
  if ((efer & EFER_LMA) !== 0n) {
    return (cr4 & CR4_LA57) !== 0n ? walkFive(cr3 & ADDRESS, linear) : walkFour(cr3 & ADDRESS, linear);
  }
  if ((cr0 & CR0_PG) === 0n) return gpa(linear & 0xffff_ffffn);
  if ((cr4 & CR4_PAE) !== 0n) return walkThree(cr3 & PAE_ROOT, linear & 0xffff_ffffn);
  return walkLegacy(cr3 & LEGACY_ADDRESS, (cr4 & CR4_PSE) !== 0n, linear & 0xffff_ffffn);
}

function walkFive(root: u64, address: u64): Gpa {
  const entry = readEntry(root | ((address >> 45n) & INDEX));
  return (entry & PRESENT) === 0n ? NOT_PRESENT : walkFour(entry & ADDRESS, address);
}

function walkFour(root: u64, address: u64): Gpa {
  const entry = readEntry(root | ((address >> 36n) & INDEX));
  return (entry & PRESENT) === 0n ? NOT_PRESENT : walkThree(entry & ADDRESS, address);
}

/** Without long mode, of this table only the four entries count that bits 31:30 choose. */
function walkThree(root: u64, address: u64): Gpa {
  const entry = readEntry(root | ((address >> 27n) & INDEX));
  if ((entry & PRESENT) === 0n) return NOT_PRESENT;
  return (entry & LARGE) !== 0n ? pageAddress(entry, address, GIB_OFFSET) : walkTwo(entry & ADDRESS, address);
}

function walkTwo(root: u64, address: u64): Gpa {
  const directory = readEntry(root | ((address >> 18n) & INDEX));
  if ((directory & PRESENT) === 0n) return NOT_PRESENT;
  if ((directory & LARGE) !== 0n) return pageAddress(directory, address, MIB_2_OFFSET);
  const entry = readEntry((directory & ADDRESS) | ((address >> 9n) & INDEX));
  return (entry & PRESENT) === 0n ? NOT_PRESENT : pageAddress(entry, address, PAGE_OFFSET);
}

/** `offset` are the bits of the address within the page. */
function pageAddress(entry: u64, address: u64, offset: u64): Gpa {
  return gpa((entry & ADDRESS & u64(~offset)) | (address & offset));
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
