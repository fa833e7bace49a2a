/**
 * The hypervisor's own address space (APM 2, 5.3): the image, of which nothing is both writable
 * and executable, and all machine memory at DIRECT. Nothing else is mapped, address 0 least of all.
 */
import {
  arr,
  cpuid,
  ensures,
  hpa,
  hva,
  list,
  physical,
  requires,
  U64,
  u32,
  u64,
  type Hpa,
  type Hva,
} from '../../transpiler/lib/index.js';
import { STACK_COUNT, stackBottom, stackTop } from '../machine/stacks.js';
import { imageBounds } from '../platform.js';
import { allocatePages } from './allocator.js';
import { uniformType } from './mtrr.js';

/** Machine memory is mapped from here on; runtime-c/platform.h and runtime-c/layout.inc agree. */
const DIRECT = 0xffff_8000_0000_0000n;
/** The MMIO of every machine lies below. */
const FOUR_GIB = 0x1_0000_0000n;

const PRESENT = 1n << 0n;
const WRITABLE = 1n << 1n;
const LARGE = 1n << 7n;
const NO_EXECUTE = 1n << 63n;
const TABLE_ADDRESS = 0x000f_ffff_ffff_f000n;

const CODE = PRESENT;
const CONSTANTS = PRESENT | NO_EXECUTE;
const DATA = PRESENT | WRITABLE | NO_EXECUTE;

const Table = arr(U64, 512);
const TOP_LEVEL = 4;
const LARGEST_LEVEL = 3;
/** What an entry maps at levels 1, 2 and 3. */
const pageBytes = list(U64, [0x1000n, 0x20_0000n, 0x4000_0000n]);

/** CPUID 8000_0001H, EDX[26] (APM 3, E.4.2). */
const EXTENDED_FEATURES = 0x8000_0001;
const EDX_1GIB_PAGES = 1 << 26;

/**
 * Builds the page tables for an image that lies at `image`, on a machine whose memory ends at
 * `top`. Returns what CR3 takes.
 */
export function buildHostTables(image: Hpa, top: u64): Hpa {
  const root = allocatePages(1);
  mapImage(root, image);
  mapMachine(root, image, top > FOUR_GIB ? top : FOUR_GIB);
  return root;
}

function mapImage(root: Hpa, image: Hpa): void {
  const bounds = imageBounds();
  mapPart(root, image, bounds.text, bounds.constants, CODE);
  mapPart(root, image, bounds.constants, bounds.data, CONSTANTS);
  mapPart(root, image, bounds.data, bounds.stacks, DATA);
  for (let stack: u32 = 0; stack < STACK_COUNT; stack++) {
    mapPart(root, image, stackBottom(stack), stackTop(stack), DATA);
  }
}

function mapPart(root: Hpa, image: Hpa, from: Hva, to: Hva, flags: u64): void {
  const bounds = imageBounds();
  mapRange(root, from, hpa(image + u64(from - bounds.text)), u64(to - from), flags);
}

/** The image's code and constants stay read-only by this way, too. */
function mapMachine(root: Hpa, image: Hpa, top: u64): void {
  const bounds = imageBounds();
  const readOnly: u64 = u64(bounds.data - bounds.text);
  const after = u64(image + readOnly);
  mapRange(root, hva(DIRECT), hpa(0n), u64(image), DATA);
  mapRange(root, hva(DIRECT + u64(image)), image, readOnly, CONSTANTS);
  mapRange(root, hva(DIRECT + after), hpa(after), u64(top - after), DATA);
}

/** All three are multiples of a page. */
function mapRange(root: Hpa, from: Hva, to: Hpa, bytes: u64, flags: u64): void {
  const largest = largestLevel();
  let done: u64 = 0n;
  while (done < bytes) {
    const address = u64(from + done);
    const target = hpa(to + done);
    const level = levelFor(largest, address, target, bytes - done);
    setEntry(root, address, level, level > 1 ? u64(target) | flags | LARGE : u64(target) | flags);
    done = u64(done + pageBytes.get(level - 1));
  }
}

/** A page is as large as alignment and length allow, unless it would hold two memory types (APM 2, 7.7.2). */
function levelFor(largest: u32, address: u64, target: Hpa, left: u64): u32 {
  requires(largest >= 1 && largest <= LARGEST_LEVEL);
  let level: u32 = largest;
  while (level > 1 && !fitsPage(level, address, target, left)) level--;
  ensures(level >= 1 && level <= LARGEST_LEVEL);
  return level;
}

function fitsPage(level: u32, address: u64, target: Hpa, left: u64): boolean {
  requires(level >= 1 && level <= LARGEST_LEVEL);
  const bytes = pageBytes.get(level - 1);
  return (address | u64(target)) % bytes === 0n && left >= bytes && uniformType(target, bytes);
}

function largestLevel(): u32 {
  const features = cpuid(EXTENDED_FEATURES, 0);
  return (features.edx & EDX_1GIB_PAGES) !== 0 ? LARGEST_LEVEL : LARGEST_LEVEL - 1;
}

/** Sets the entry that maps `address` at `level`; makes the tables above it where they are missing. */
function setEntry(root: Hpa, address: u64, level: u32, entry: u64): void {
  requires(level >= 1 && level <= LARGEST_LEVEL);
  let table: Hpa = root;
  for (let above: u32 = TOP_LEVEL; above > level; above--) table = tableBelow(table, indexAt(address, above));
  physical(Table, table).set(indexAt(address, level), entry);
}

function tableBelow(table: Hpa, index: u32): Hpa {
  requires(index < 512);
  const entries = physical(Table, table);
  const entry = entries.get(index);
  if ((entry & PRESENT) !== 0n) return hpa(entry & TABLE_ADDRESS);
  const below = allocatePages(1);
  entries.set(index, u64(below) | PRESENT | WRITABLE);
  return below;
}

/** Each level takes nine bits of the address, the lowest from bit 12 on. */
function indexAt(address: u64, level: u32): u32 {
  requires(level >= 1 && level <= TOP_LEVEL);
  const shift: u32 = 3 + 9 * level;
  return u32((address >> u64(shift)) & 0x1ffn);
}
