/**
 * Reads the Multiboot2 information (Multiboot2 Specification 2.0, section 3.6): a list of tags, each with type and
 * length. Everything is checked before use and lies below 4 GiB, as with Multiboot.
 */
import { hpa, min32, requires, u32, u64, window, type Bytes, type Hpa } from '../../../transpiler/lib/index.js';
import { fail } from '../../report/fail.js';
import { addMemoryRange, bootInfo, RSDP_BYTES_MOST } from '../../handover/bootInfo.js';
import { addEfiRanges, keepEfiMap } from '../../machine/efiMemoryMap.js';
import { giveModule, setWords } from './modules.js';
import { positionOf, startsWithText } from '../../handover/text.js';

/** What a Multiboot2 loader leaves in EAX. */
export const MULTIBOOT2_MAGIC = 0x36d7_6289;

const Tag = {
  end: 0,
  commandLine: 1,
  loaderName: 2,
  module: 3,
  memoryMap: 6,
  efiSystemTable: 12,
  oldRsdp: 14,
  newRsdp: 15,
  efiMap: 17,
  bootServicesRun: 18,
} as const;

const INFO_HEADER_BYTES = 8;
const INFO_BYTES_MOST = 0x20_0000;
const TAG_HEADER_BYTES = 8;
const TAG_LENGTH = 4;
const TAG_ALIGN = 8;

const MODULE_START = 8;
const MODULE_END = 12;
const MODULE_TEXT = 16;
const MAP_ENTRY_SIZE = 8;
const MAP_ENTRIES = 16;
const ENTRY_BYTES = 24;
const EFI_DESCRIPTOR_BYTES = 8;
const EFI_DESCRIPTOR_VERSION = 12;
const EFI_DESCRIPTORS = 16;

const HIGHEST_ADDRESS = 0xffff_ffff;
const LAST_RANGE_END = 0xffff_ffff_ffff_ffffn;

/** Copies the boot loader's information at `address` into `bootInfo`. Stops start-up if it is malformed. */
export function readMultiboot2(address: Hpa): void {
  const tags = tagsAt(u32(address));
  const filesNamed = !isGrub2(tags);
  if (findTag(tags, Tag.bootServicesRun).length > 0) fail('the boot loader left the boot services of EFI running');
  readOptions(findTag(tags, Tag.commandLine), filesNamed);
  readEfi(tags);
  readMap(findTag(tags, Tag.memoryMap));
  if (bootInfo.rangeCount === 0) addEfiRanges();
  if (bootInfo.rangeCount === 0) fail('the boot loader gave no memory map');
  keepRsdp(findTag(tags, Tag.oldRsdp));
  keepRsdp(findTag(tags, Tag.newRsdp));
  readModules(tags, filesNamed);
}

/** The bytes of all tags. Stops start-up if their size is wrong. */
function tagsAt(address: u32): Bytes {
  if (address === 0 || address > HIGHEST_ADDRESS - INFO_HEADER_BYTES)
    fail('the Multiboot2 information lies outside memory');
  const bytes = window(hpa(u64(address)), INFO_HEADER_BYTES).u32(0);
  if (bytes < INFO_HEADER_BYTES || bytes > INFO_BYTES_MOST || bytes > HIGHEST_ADDRESS - address)
    fail('the Multiboot2 information has a bad size');
  return window(hpa(u64(address) + u64(INFO_HEADER_BYTES)), bytes - INFO_HEADER_BYTES);
}

/** The tag at `offset`; empty at the end of the tags. Stops start-up if the tag reaches past that end. */
function tagAt(tags: Bytes, offset: u32): Bytes {
  if (offset >= tags.length || tags.length - offset < TAG_HEADER_BYTES) return tags.part(0, 0);
  const length = tags.u32(offset + TAG_LENGTH);
  if (length < TAG_HEADER_BYTES || length > tags.length - offset)
    fail('a tag of the Multiboot2 information has a bad length');
  const tag = tags.part(offset, length);
  return tag.u32(0) === Tag.end ? tags.part(0, 0) : tag;
}

function offsetAfter(offset: u32, length: u32): u32 {
  const next = u64(offset) + u64(length) + u64(TAG_ALIGN - 1);
  return next > u64(HIGHEST_ADDRESS) ? HIGHEST_ADDRESS : u32(u32(next) & ~(TAG_ALIGN - 1));
}

/** The first tag of this type; empty if there is none. */
function findTag(tags: Bytes, type: u32): Bytes {
  let offset: u32 = 0;
  let tag: Bytes = tagAt(tags, offset);
  while (tag.length >= TAG_HEADER_BYTES) {
    if (tag.u32(0) === type) return tag;
    offset = offsetAfter(offset, tag.length);
    tag = tagAt(tags, offset);
  }
  return tag;
}

function isGrub2(tags: Bytes): boolean {
  return startsWithText(textFrom(findTag(tags, Tag.loaderName), TAG_HEADER_BYTES), 'GRUB 2');
}

function readOptions(tag: Bytes, filesNamed: boolean): void {
  if (!setWords(bootInfo.options, textFrom(tag, TAG_HEADER_BYTES), filesNamed))
    fail('the options are longer than 2,048 bytes');
}

function readMap(tag: Bytes): void {
  if (tag.length < MAP_ENTRIES) return;
  const size = tag.u32(MAP_ENTRY_SIZE);
  if (size < ENTRY_BYTES) fail('the memory map of the boot loader has entries of a bad size');
  let offset: u32 = MAP_ENTRIES;
  while (offset < tag.length && tag.length - offset >= ENTRY_BYTES) {
    readMapEntry(tag.part(offset, ENTRY_BYTES));
    if (size > tag.length - offset) break;
    offset += size;
  }
}

function readMapEntry(entry: Bytes): void {
  requires(entry.length === ENTRY_BYTES);
  const start = entry.u64(0);
  const bytes = entry.u64(8);
  if (bytes > LAST_RANGE_END - start) fail('a range of the memory map reaches past the last address');
  if (bytes !== 0n && !addMemoryRange(hpa(start), hpa(start + bytes), entry.u32(16)))
    fail('the memory map of the boot loader has more than 512 ranges');
}

function readEfi(tags: Bytes): void {
  const table = findTag(tags, Tag.efiSystemTable);
  const map = findTag(tags, Tag.efiMap);
  bootInfo.efi.isPresent = table.length !== 0 || map.length !== 0;
  if (map.length < EFI_DESCRIPTORS) return;
  const bytes = map.length - EFI_DESCRIPTORS;
  keepEfiMap(
    hpa(map.start + u64(EFI_DESCRIPTORS)),
    bytes,
    map.u32(EFI_DESCRIPTOR_BYTES),
    map.u32(EFI_DESCRIPTOR_VERSION),
  );
  if (table.length >= TAG_HEADER_BYTES + 8) bootInfo.efi.systemTable = hpa(table.u64(TAG_HEADER_BYTES));
}

/** Keeps the RSDP of a tag, which holds a copy of it. */
function keepRsdp(tag: Bytes): void {
  if (tag.length <= TAG_HEADER_BYTES) return;
  const bytes = min32(tag.length - TAG_HEADER_BYTES, RSDP_BYTES_MOST);
  for (let i: u32 = 0; i < bytes; i++) bootInfo.rsdpCopy.set(i, tag.u8(TAG_HEADER_BYTES + i));
  bootInfo.rsdpCopyBytes = bytes;
}

function readModules(tags: Bytes, filesNamed: boolean): void {
  let count: u32 = 0;
  let offset: u32 = 0;
  let tag: Bytes = tagAt(tags, offset);
  while (tag.length >= TAG_HEADER_BYTES) {
    if (tag.u32(0) === Tag.module && tag.length >= MODULE_TEXT) {
      if (count >= 2) fail('more than 2 modules: give a Linux kernel and, after it, its initrd');
      const text = textFrom(tag, MODULE_TEXT);
      giveModule(count, hpa(u64(tag.u32(MODULE_START))), hpa(u64(tag.u32(MODULE_END))), text, filesNamed);
      count += 1;
    }
    offset = offsetAfter(offset, tag.length);
    tag = tagAt(tags, offset);
  }
}

/** The zero-ended text at `offset` of a tag. */
function textFrom(tag: Bytes, offset: u32): Bytes {
  if (tag.length < offset) return tag.part(0, 0);
  const rest = tag.part(offset, tag.length - offset);
  return rest.part(0, positionOf(rest, 0));
}
