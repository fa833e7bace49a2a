/**
 * Checks a guest's kernel made for Multiboot loaders (Multiboot Specification 0.6.96, section 3.1): a file whose header
 * has the load addresses, or an ELF file for 32-bit processors (System V ABI, chapter 5).
 */
import { min32, min64, requires, subSat64, u32, u64, window, type Bytes } from '../../../transpiler/lib/index.js';
import { bootInfo, GuestPart } from '../../handover/bootInfo.js';
import { refusePart } from '../../boot/bundle/refuse.js';
import { addSegment, clearSegments, isLoaded } from './loadSegments.js';

/** The header lies in the first 8 KiB of the file, at a multiple of 4. */
const SEARCHED = 8192;
const NOWHERE = 0xffff_ffff;
const MAGIC = 0;
const MAGIC_VALUE = 0x1bad_b002;
const FLAGS = 4;
const CHECKSUM = 8;
const HEADER_BYTES = 12;
/** Length of a header with addresses. */
const LONG_HEADER_BYTES = 32;
const HEADER_ADDRESS = 12;
const LOAD_ADDRESS = 16;
const LOAD_END = 20;
const ZEROED_END = 24;
const ENTRY = 28;

/**
 * Flags of the header: what the kernel requires of the loader (page-aligned modules, the size of memory, a screen
 * mode), and whether the header has addresses.
 */
const FLAG_PAGES = 1 << 0;
const FLAG_MEMORY = 1 << 1;
const FLAG_SCREEN = 1 << 2;
const FLAG_ADDRESSES = 1 << 16;
/** Bits for requirements. A loader must refuse the kernel if one is set that it does not know. */
const REQUIREMENTS = 0xffff;

const ELF_HEADER_BYTES = 52;
/** 7FH, "ELF": the magic number. The class and the byte order follow. */
const ELF_IDENTITY = 0x464c_457f;
const ELF_CLASS = 4;
const ELF_32_BITS = 1;
const ELF_LITTLE_ENDIAN = 1;
const ELF_TYPE = 16;
const ELF_EXECUTABLE = 2;
const ELF_MACHINE = 18;
const ELF_386 = 3;
const ELF_ENTRY = 24;
const ELF_TABLE = 28;
const ELF_ENTRY_BYTES = 42;
const ELF_ENTRIES = 44;
const MAX_ELF_ENTRIES = 64;

const PROGRAM_HEADER_BYTES = 32;
const KIND = 0;
const LOADED = 1;
const OFFSET = 4;
const VIRTUAL = 8;
const PHYSICAL = 12;
const FILE_BYTES = 16;
const MEMORY_BYTES = 20;

/** Whether the guest's kernel has a Multiboot header. */
export function isMultibootImage(): boolean {
  return headerOffset(kernelFile()) !== NOWHERE;
}

/**
 * Stores the parts of the kernel in `loadSegments`, and returns its entry address. Stops start-up if it cannot be
 * started.
 */
export function readMultibootImage(): u32 {
  const file = kernelFile();
  const offset = headerOffset(file);
  clearSegments();
  if (offset >= file.length || file.length - offset < HEADER_BYTES) refusePart(GuestPart.kernel, 'no Multiboot header');
  const header = file.part(offset, min32(file.length - offset, LONG_HEADER_BYTES));
  const flags = header.u32(FLAGS);
  if (u32(flags & REQUIREMENTS & u32(~(FLAG_PAGES | FLAG_MEMORY | FLAG_SCREEN))) !== 0)
    refusePart(GuestPart.kernel, 'it asks for something that this Multiboot loader does not know');
  const entry = u32(flags & FLAG_ADDRESSES) !== 0 ? readAddresses(file, offset, header) : readElf(file);
  if (!isLoaded(entry)) refusePart(GuestPart.kernel, 'its entry lies outside of what is loaded');
  return entry;
}

function kernelFile(): Bytes {
  const kernel = bootInfo.parts.at(GuestPart.kernel);
  const bytes = subSat64(u64(kernel.end), u64(kernel.start));
  return window(kernel.start, u32(min64(bytes, 0xffff_ffffn)));
}

function headerOffset(file: Bytes): u32 {
  const end = min32(file.length, SEARCHED);
  for (let offset: u32 = 0; offset + HEADER_BYTES <= end; offset += 4) {
    const header = file.part(offset, HEADER_BYTES);
    const isSum = u32(header.u32(MAGIC) + header.u32(FLAGS) + header.u32(CHECKSUM)) === 0;
    if (header.u32(MAGIC) === MAGIC_VALUE && isSum) return offset;
  }
  return NOWHERE;
}

/**
 * Adds the single part of a kernel whose header has addresses. The address of the header gives the address of the
 * file's first loaded byte.
 */
function readAddresses(file: Bytes, offset: u32, header: Bytes): u32 {
  requires(offset < file.length);
  if (header.length < LONG_HEADER_BYTES) refusePart(GuestPart.kernel, 'truncated: its Multiboot header is not whole');
  const headerAddress = header.u32(HEADER_ADDRESS);
  const start = header.u32(LOAD_ADDRESS);
  if (start > headerAddress || headerAddress - start > offset)
    refusePart(GuestPart.kernel, 'its Multiboot header says that it is loaded from before the file');
  const from = offset - (headerAddress - start);
  const fileBytes = bytesUpTo(header.u32(LOAD_END), start, file.length - from);
  addSegment(file.length, start, from, fileBytes, bytesUpTo(header.u32(ZEROED_END), start, fileBytes));
  return header.u32(ENTRY);
}

/** Number of bytes from `start` to `end`; `otherwise` if the header gives no end. */
function bytesUpTo(end: u32, start: u32, otherwise: u32): u32 {
  if (end === 0) return otherwise;
  if (end < start) refusePart(GuestPart.kernel, 'its Multiboot header has an end before the start');
  return end - start;
}

function readElf(file: Bytes): u32 {
  if (file.length < ELF_HEADER_BYTES || file.u32(0) !== ELF_IDENTITY)
    refusePart(GuestPart.kernel, 'its Multiboot header has no addresses, and it is no ELF file');
  const is32Bit = file.u8(ELF_CLASS) === ELF_32_BITS && file.u8(ELF_CLASS + 1) === ELF_LITTLE_ENDIAN;
  if (!is32Bit || file.u16(ELF_TYPE) !== ELF_EXECUTABLE || file.u16(ELF_MACHINE) !== ELF_386)
    refusePart(GuestPart.kernel, 'it is no executable ELF file for a 32-bit x86 processor');
  const table = file.u32(ELF_TABLE);
  const count = file.u16(ELF_ENTRIES);
  if (file.u16(ELF_ENTRY_BYTES) !== PROGRAM_HEADER_BYTES || count > MAX_ELF_ENTRIES)
    refusePart(GuestPart.kernel, 'its ELF program headers are not as they should be');
  if (table > file.length || count * PROGRAM_HEADER_BYTES > file.length - table)
    refusePart(GuestPart.kernel, 'truncated: its ELF program headers end behind the file');
  return readProgramHeaders(file, file.part(table, count * PROGRAM_HEADER_BYTES));
}

/**
 * Adds the parts of an ELF file and returns the physical entry address: the file gives a virtual one, but the processor
 * starts without paging.
 */
function readProgramHeaders(file: Bytes, table: Bytes): u32 {
  requires(file.length >= ELF_HEADER_BYTES);
  const virtualEntry = file.u32(ELF_ENTRY);
  let entry: u32 = virtualEntry;
  for (let offset: u32 = 0; offset + PROGRAM_HEADER_BYTES <= table.length; offset += PROGRAM_HEADER_BYTES) {
    const header = table.part(offset, PROGRAM_HEADER_BYTES);
    if (header.u32(KIND) !== LOADED) continue;
    const target = header.u32(PHYSICAL);
    const memoryBytes = header.u32(MEMORY_BYTES);
    addSegment(file.length, target, header.u32(OFFSET), header.u32(FILE_BYTES), memoryBytes);
    const entryOffset = u32(virtualEntry - header.u32(VIRTUAL));
    if (entryOffset < memoryBytes) entry = u32(target + entryOffset);
  }
  return entry;
}
