/**
 * The hypervisor's own address space (APM 2, 5.3): the image, of which nothing is both writable
 * and executable, and all machine memory at DIRECT. Nothing else is mapped, address 0 least of all.
 */
import { hpa, hva, local, min64, u32, u64, type Hpa, type Hva } from '../../transpiler/lib/index.js';
import { STACK_COUNT, stackBottom, stackTop } from '../machine/stacks.js';
import { imageBounds } from '../platform.js';
import { allocatePages } from './allocator.js';
import { splitTables } from './mtrr.js';
import { EntryFormat, largestPageLevel, mapRange } from './pageTables.js';

/** Machine memory is mapped from here on; runtime-c/platform.h and runtime-c/layout.inc agree. */
const DIRECT = 0xffff_8000_0000_0000n;
/** The MMIO that every machine has lies below. */
const FOUR_GIB = 0x1_0000_0000n;
/** Room for 64 TiB; the image has its place above. */
const DIRECT_BYTES = 1n << 46n;

const PRESENT = 1n << 0n;
const WRITABLE = 1n << 1n;
const LARGE = 1n << 7n;
const NO_EXECUTE = 1n << 63n;
const CODE = PRESENT;
const CONSTANTS = PRESENT | NO_EXECUTE;
const DATA = PRESENT | WRITABLE | NO_EXECUTE;

const GIB_BITS = 30n;
const GIB_PAGE_LEVEL = 3;
/** The top table, one below it for the image and one for every 512 GiB of memory; the image's two, its stacks'. */
const FEW_TABLES = 16;

/** At most how many pages `buildHostTables` takes, where memory ends at `top`. */
export function hostTablePages(top: u64): u32 {
  const gibTables = largestPageLevel() === GIB_PAGE_LEVEL ? 0 : u32(mappedEnd(top) >> GIB_BITS) + 1;
  return FEW_TABLES + gibTables + splitTables();
}

/**
 * Builds the page tables for an image that lies at `image`, on a machine whose memory ends at
 * `top`. Returns what CR3 takes.
 */
export function buildHostTables(image: Hpa, top: u64): Hpa {
  const root = allocatePages(1);
  mapImage(root, image);
  mapMachine(root, image, mappedEnd(top));
  return root;
}

/** Where the machine memory ends that the hypervisor can reach, where memory ends at `top`. */
export function mappedEnd(top: u64): u64 {
  return top > FOUR_GIB ? min64(top, DIRECT_BYTES) : FOUR_GIB;
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

function mapPart(root: Hpa, image: Hpa, from: Hva, to: Hva, rights: u64): void {
  const bounds = imageBounds();
  mapRights(root, from, hpa(image + u64(from - bounds.text)), u64(to - from), rights);
}

/** The image's code and constants stay read-only by this way, too. */
function mapMachine(root: Hpa, image: Hpa, end: u64): void {
  const bounds = imageBounds();
  const readOnly: u64 = u64(bounds.data - bounds.text);
  const after = u64(image + readOnly);
  mapRights(root, hva(DIRECT), hpa(0n), u64(image), DATA);
  mapRights(root, hva(DIRECT + u64(image)), image, readOnly, CONSTANTS);
  mapRights(root, hva(DIRECT + after), hpa(after), u64(end - after), DATA);
}

function mapRights(root: Hpa, from: Hva, to: Hpa, bytes: u64, rights: u64): void {
  const format = local(EntryFormat);
  format.table = PRESENT | WRITABLE;
  format.page = rights;
  format.largePage = rights | LARGE;
  format.largestLevel = largestPageLevel();
  mapRange(root, u64(from), to, bytes, format);
}
