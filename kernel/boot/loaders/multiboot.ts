/**
 * Reads the Multiboot information structure (Multiboot Specification 0.6.96, section 3.3).
 *
 * The boot loader's data is not trusted: every pointer, length and count is checked before use, and what is needed
 * later is copied. Everything lies below 4 GiB, which is mapped during start-up.
 */
import { hpa, min32, requires, u32, u64, window, type Bytes, type Hpa } from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { addMemoryRange, bootInfo, MAX_TEXT } from '../../handover/bootInfo.js';
import { giveModule, setWords } from './modules.js';
import { positionOf, startsWithText } from '../../handover/text.js';

/** What a Multiboot loader leaves in EAX. */
export const MULTIBOOT_MAGIC = 0x2bad_b002;

const INFO_BYTES = 88;
const FLAGS = 0;
const HAS_COMMAND_LINE = 1 << 2;
const COMMAND_LINE = 16;
const HAS_MODULES = 1 << 3;
const MODULE_COUNT = 20;
const MODULES = 24;
const HAS_MEMORY_MAP = 1 << 6;
const MAP_LENGTH = 44;
const MAP_ADDRESS = 48;
const HAS_LOADER_NAME = 1 << 9;
const LOADER_NAME = 64;

/** Most modules: the guest's kernel and its initrd. */
const MODULES_MOST = 2;
const MODULE_BYTES = 16;
const MODULE_START = 0;
const MODULE_END = 4;
const MODULE_TEXT = 8;

/** A map entry: `size`, the number of bytes after it (20 or more), then base, length and type. */
const ENTRY_SIZE = 0;
const ENTRY_BASE = 4;
const ENTRY_LENGTH = 12;
const ENTRY_TYPE = 20;
const ENTRY_BYTES = 24;
const ENTRY_SIZE_LEAST = 20;
/** Longest memory map: 512 ranges of 24 bytes fit. */
const MAP_LENGTH_MOST = 0x4000;

const HIGHEST_ADDRESS = 0xffff_ffff;
const LAST_RANGE_END = 0xffff_ffff_ffff_ffffn;

/** Copies the boot loader's information at `info` into `bootInfo`. Stops start-up if it is malformed. */
export function readMultiboot(info: Hpa): void {
  const address = u32(info);
  if (!isReadable(address, INFO_BYTES)) fail('the Multiboot information lies outside memory');
  const fields = window(hpa(u64(address)), INFO_BYTES);
  const flags = fields.u32(FLAGS);
  if ((flags & HAS_MEMORY_MAP) === 0) fail('the boot loader gave no memory map');
  const filesNamed = namesFiles(fields, flags);
  readMap(fields.u32(MAP_ADDRESS), fields.u32(MAP_LENGTH));
  if ((flags & HAS_COMMAND_LINE) !== 0) readOptions(fields.u32(COMMAND_LINE), filesNamed);
  if ((flags & HAS_MODULES) !== 0) readModules(fields.u32(MODULES), fields.u32(MODULE_COUNT), filesNamed);
}

function readMap(address: u32, length: u32): void {
  if (length > MAP_LENGTH_MOST || !isReadable(address, length)) fail('the boot loader gave a bad memory map');
  const map = window(hpa(u64(address)), length);
  let offset: u32 = 0;
  while (offset < length) {
    if (length - offset < ENTRY_BYTES) fail('the memory map of the boot loader ends in the middle of an entry');
    const entry = map.part(offset, ENTRY_BYTES);
    readMapEntry(entry);
    const size = entry.u32(ENTRY_SIZE);
    if (size < ENTRY_SIZE_LEAST || size > MAP_LENGTH_MOST) fail('an entry of the memory map has a bad size');
    offset += size + ENTRY_BASE;
  }
}

function readMapEntry(entry: Bytes): void {
  requires(entry.length === ENTRY_BYTES);
  const start = entry.u64(ENTRY_BASE);
  const bytes = entry.u64(ENTRY_LENGTH);
  if (bytes === 0n) return;
  if (bytes > LAST_RANGE_END - start) fail('a range of the memory map reaches past the last address');
  if (!addMemoryRange(hpa(start), hpa(start + bytes), entry.u32(ENTRY_TYPE)))
    fail('the memory map of the boot loader has more than 512 ranges');
}

/** Whether command lines start with the file's name. GRUB 2 passes only the words after it. */
function namesFiles(fields: Bytes, flags: u32): boolean {
  requires(fields.length === INFO_BYTES);
  return (flags & HAS_LOADER_NAME) === 0 || !startsWithText(textAt(fields.u32(LOADER_NAME)), 'GRUB 2');
}

function readOptions(address: u32, filesNamed: boolean): void {
  if (!setWords(bootInfo.options, textAt(address), filesNamed)) fail('the options are longer than 2,048 bytes');
}

function readModules(address: u32, count: u32, filesNamed: boolean): void {
  if (count > MODULES_MOST) fail('more than 2 modules: give a Linux kernel and, after it, its initrd');
  if (count > 0 && !isReadable(address, count * MODULE_BYTES)) fail('the list of modules lies outside memory');
  for (let i: u32 = 0; i < count; i++) {
    const entry = window(hpa(u64(address) + u64(i * MODULE_BYTES)), MODULE_BYTES);
    const text = textAt(entry.u32(MODULE_TEXT));
    giveModule(i, hpa(u64(entry.u32(MODULE_START))), hpa(u64(entry.u32(MODULE_END))), text, filesNamed);
  }
}

/** The zero-ended text at `address`, cut one byte after the longest text that is kept. Empty at address 0. */
function textAt(address: u32): Bytes {
  if (address === 0) return window(hpa(0n), 0);
  const most = window(hpa(u64(address)), min32(MAX_TEXT + 1, HIGHEST_ADDRESS - address));
  return most.part(0, positionOf(most, 0));
}

function isReadable(address: u32, length: u32): boolean {
  return length <= HIGHEST_ADDRESS - address;
}
