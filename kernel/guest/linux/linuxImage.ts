/**
 * Checks the Linux bzImage that is the guest's kernel (Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel
 * Header").
 *
 * The file starts with real-mode sectors; only the protected-mode part after them is used.
 */
import {
  at,
  BOOL,
  hpa,
  HPA,
  instance,
  min32,
  min64,
  requires,
  struct,
  subSat64,
  U32,
  u64,
  U64,
  window,
  type Bytes,
} from '../../../transpiler/lib/index.js';
import { bootInfo, GuestPart } from '../../handover/bootInfo.js';
import { refusePart } from '../../boot/bundle/refuse.js';
import { PAGE_BYTES } from '../../x86/pages.js';

/** Offset of the setup header, the same in the file and in the zero page. */
export const SETUP_HEADER = 0x1f1;
/** End of the room for the header in the zero page. */
export const SETUP_HEADER_LIMIT = 0x290;

/** Offsets of the header's fields in the file. */
const SETUP_SECTORS = 0x1f1;
const PROTECTED_PARAGRAPHS = 0x1f4;
const BOOT_FLAG = 0x1fe;
const JUMP_LENGTH = 0x201;
const HEADER_MAGIC = 0x202;
const VERSION = 0x206;
const LOAD_FLAGS = 0x211;
const INITRD_HIGHEST = 0x22c;
const ALIGNMENT = 0x230;
const RELOCATABLE = 0x234;
const EXTENDED_LOAD_FLAGS = 0x236;
const COMMAND_LINE_MOST = 0x238;
const PREFERRED_ADDRESS = 0x258;
const WORKING_BYTES = 0x260;

const BOOT_FLAG_VALUE = 0xaa55;
/** "HdrS" */
const HEADER_MAGIC_VALUE = 0x5372_6448;
/** Version 2.10 added the preferred address, 2.12 the flag of the 64-bit entry. */
const OLDEST_VERSION = 0x020a;
const EXTENDED_FLAGS_VERSION = 0x020c;
const LOADED_HIGH = 1;
const HAS_64_BIT_ENTRY = 1;
const SECTOR = 512n;
const PARAGRAPH = 16n;
/** Number of sectors if the field is 0, as in kernels older than any that is accepted. */
const DEFAULT_SECTORS = 4;
/** The jump at 0x200 skips the header. Its operand is relative to this offset. */
const JUMP_END = 0x202;
const HEADER_ROOM = 0x290n;

const LinuxImage = struct(
  'LinuxImage',
  { size: 64 },
  {
    /** The protected-mode part, where the boot loader put it. */
    source: at(0, HPA),
    bytes: at(8, U64),
    preferred: at(16, HPA),
    /** Bytes of memory that the kernel uses from its start on before it knows the memory map. */
    workingBytes: at(24, U64),
    alignment: at(32, U64),
    initrdHighest: at(40, U64),
    commandLineMost: at(48, U32),
    /** End of the setup header. */
    headerEnd: at(52, U32),
    relocatable: at(56, BOOL),
    /** Whether the kernel can start in 64-bit mode. */
    hasLongModeEntry: at(57, BOOL),
  },
);
export const linuxImage = instance(LinuxImage, { align: 8 });

/** Checks the guest's kernel and stores its properties in `linuxImage`. Stops start-up if it cannot be started. */
export function readLinuxImage(): void {
  const kernel = bootInfo.parts.at(GuestPart.kernel);
  const start = u64(kernel.start);
  const end = u64(kernel.end);
  if (end < start || end - start < HEADER_ROOM) refusePart(GuestPart.kernel, 'not a Linux bzImage: too short');
  const header = window(hpa(start), SETUP_HEADER_LIMIT);
  checkKind(header);
  noteNeeds(header);
  const sectors = header.u8(SETUP_SECTORS);
  const setupBytes = (u64(sectors === 0 ? DEFAULT_SECTORS : sectors) + 1n) * SECTOR;
  const announced = u64(header.u32(PROTECTED_PARAGRAPHS)) * PARAGRAPH;
  const bytes = min64(announced, subSat64(end - start, setupBytes));
  // The last paragraph may be incomplete.
  if (announced - bytes >= PARAGRAPH) refusePart(GuestPart.kernel, 'truncated: its header says that it is longer');
  if (bytes > linuxImage.workingBytes)
    refusePart(GuestPart.kernel, 'not a Linux bzImage: it is larger than the memory it asks for');
  linuxImage.source = hpa(start + setupBytes);
  linuxImage.bytes = bytes;
}

function checkKind(header: Bytes): void {
  requires(header.length === SETUP_HEADER_LIMIT);
  if (header.u16(BOOT_FLAG) !== BOOT_FLAG_VALUE || header.u32(HEADER_MAGIC) !== HEADER_MAGIC_VALUE)
    refusePart(GuestPart.kernel, 'not a Linux bzImage');
  if (header.u16(VERSION) < OLDEST_VERSION) refusePart(GuestPart.kernel, 'its boot protocol is older than 2.10');
  if ((header.u8(LOAD_FLAGS) & LOADED_HIGH) === 0)
    refusePart(GuestPart.kernel, 'not a Linux bzImage: it loads below 1 MiB');
}

function noteNeeds(header: Bytes): void {
  requires(header.length === SETUP_HEADER_LIMIT);
  const alignment = u64(header.u32(ALIGNMENT));
  if (alignment < PAGE_BYTES || (alignment & (alignment - 1n)) !== 0n)
    refusePart(GuestPart.kernel, 'not a Linux bzImage: bad alignment');
  linuxImage.preferred = hpa(header.u64(PREFERRED_ADDRESS));
  linuxImage.workingBytes = u64(header.u32(WORKING_BYTES));
  linuxImage.alignment = alignment;
  linuxImage.hasLongModeEntry =
    header.u16(VERSION) >= EXTENDED_FLAGS_VERSION && (header.u16(EXTENDED_LOAD_FLAGS) & HAS_64_BIT_ENTRY) !== 0;
  linuxImage.relocatable = header.u8(RELOCATABLE) !== 0;
  linuxImage.initrdHighest = u64(header.u32(INITRD_HIGHEST));
  linuxImage.commandLineMost = header.u32(COMMAND_LINE_MOST);
  linuxImage.headerEnd = min32(JUMP_END + header.u8(JUMP_LENGTH), SETUP_HEADER_LIMIT);
}
