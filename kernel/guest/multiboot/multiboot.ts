/** Starts the guest's kernel as a Multiboot loader does (Multiboot Specification 0.6.96, sections 3.2 and 3.3). */
import {
  addressOf,
  arr,
  at,
  copyMemory,
  fillMemory,
  gva,
  hpa,
  min64,
  physical,
  requires,
  struct,
  subSat64,
  u32,
  U32,
  u64,
  U64,
  U8,
  window,
  type Bytes,
  type Hpa,
  type Ref,
} from '../../../transpiler/lib/index.js';
import { bootInfo, GUEST_PARTS, GuestPart, isGiven, MAX_TEXT, textBytes } from '../../handover/bootInfo.js';
import { MULTIBOOT_MAGIC } from '../../boot/loaders/multiboot.js';
import { beginPartLine } from '../../boot/bundle/refuse.js';
import { excludeRange, highestFree, memoryMap } from '../../machine/memoryMap.js';
import { print } from '../../report/console.js';
import { fail, stop } from '../../report/fail.js';
import { setTable, startInProtectedMode, type ProcessorState } from '../../vcpu/state.js';
import type { Registers } from '../../vcpu/vcpu.js';
import { CODE_32_SEGMENT, DATA_SEGMENT } from '../linux/bootBlock.js';
import { loadSegments, MAX_SEGMENTS } from './loadSegments.js';
import { MAP_ENTRY_BYTES, writeMapEntry } from '../memory/mapEntry.js';
import { endOfMemoryFrom } from '../memory/memorySizes.js';
import { readMultibootImage } from './multibootImage.js';
import { FOUR_GIB, MIB, PAGE_BYTES } from '../../x86/pages.js';

const CONVENTIONAL_MEMORY_END = 0xa_0000n;
const KIB = 0x400n;

/** Fields of the Multiboot information, and flags that say which of them are valid. */
const INFO_BYTES = 0x80;
const FLAGS = 0;
const FLAG_SIZES = 1 << 0;
const FLAG_COMMAND_LINE = 1 << 2;
const FLAG_MODULES = 1 << 3;
const FLAG_MAP = 1 << 6;
const FLAG_LOADER_NAME = 1 << 9;
const LOW_KIB = 4;
const HIGH_KIB = 8;
const COMMAND_LINE = 16;
const MODULE_COUNT = 20;
const MODULES = 24;
const MAP_BYTES = 44;
const MAP = 48;
const LOADER_NAME = 64;

/** A map entry with its size field, which does not count its own four bytes. */
const SIZED_ENTRY_BYTES = 24;
const MAX_ENTRIES = 512;
const DESCRIPTOR_TABLE_LIMIT = 31;
const STACK_BYTES = 0x600;

const MultibootBlock = struct(
  'MultibootBlock',
  { size: 0x4000 },
  {
    information: at(0x000, arr(U8, INFO_BYTES)),
    module: at(0x080, arr(U32, 4)),
    loaderName: at(0x090, arr(U8, 16)),
    descriptors: at(0x0a0, arr(U64, 4)),
    /** The command line. A zero byte follows, since the block was cleared. */
    commandLine: at(0x100, arr(U8, MAX_TEXT)),
    /** A stack. A kernel may not rely on one, but GRUB leaves one, and some kernels use it. */
    stack: at(0x900, arr(U8, STACK_BYTES)),
    emptyText: at(0xf00, arr(U8, 1)),
    map: at(0x1000, arr(U8, MAX_ENTRIES * SIZED_ENTRY_BYTES)),
  },
);
type MultibootBlock = Ref<typeof MultibootBlock>;
const BLOCK_BYTES = 0x4000n;

/** The boot loader's name for the kernel. */
const NAME = 'tsvm';

/**
 * Loads the kernel, and the initrd as its module, and sets in `state` and `registers` how the guest's processor starts.
 */
export function loadMultiboot(state: ProcessorState, registers: Registers): void {
  const entry = readMultibootImage();
  excludeSegments();
  const file = copyPart(GuestPart.kernel);
  const initrd = isGiven(GuestPart.initrd) ? copyPart(GuestPart.initrd) : hpa(0n);
  const block = makeBlock(initrd);
  loadFrom(file);
  startInProtectedMode(state, entry);
  state.rsp = gva(addressOf(block.stack) + u64(STACK_BYTES));
  setTable(state.gdt, gva(addressOf(block.descriptors)), DESCRIPTOR_TABLE_LIMIT);
  registers.rax = u64(MULTIBOOT_MAGIC);
  registers.rbx = u64(addressOf(block.information));
}

function excludeSegments(): void {
  const count = loadSegments.count;
  for (let i: u32 = 0; i < count && i < MAX_SEGMENTS; i++) {
    const segment = loadSegments.list.at(i);
    excludeRange(segment.target, u64(segment.memoryBytes));
  }
}

/** Moves a part to memory where nothing will be loaded. Returns its address. */
function copyPart(part: u32): Hpa {
  requires(part < GUEST_PARTS);
  const source = bootInfo.parts.at(part).start;
  const bytes = partBytes(part);
  const place = highestFree(bytes, FOUR_GIB, PAGE_BYTES);
  if (place === 0n) refuseForMemory(part);
  excludeRange(place, bytes);
  copyMemory(place, source, bytes);
  return place;
}

function partBytes(number: u32): u64 {
  requires(number < GUEST_PARTS);
  const part = bootInfo.parts.at(number);
  return subSat64(u64(part.end), u64(part.start));
}

function refuseForMemory(part: u32): never {
  requires(part < GUEST_PARTS);
  beginPartLine(part);
  print('too little memory to move it out of the way');
  stop();
}

function loadFrom(file: Hpa): void {
  const count = loadSegments.count;
  for (let i: u32 = 0; i < count && i < MAX_SEGMENTS; i++) {
    const segment = loadSegments.list.at(i);
    const bytes = u64(segment.fileBytes);
    fillMemory(segment.target, 0, u64(segment.memoryBytes));
    copyMemory(segment.target, hpa(u64(file) + u64(segment.offset)), bytes);
  }
}

/** Fills the block with the information and all data that it points to. */
function makeBlock(initrd: Hpa): MultibootBlock {
  const address = highestFree(BLOCK_BYTES, CONVENTIONAL_MEMORY_END, PAGE_BYTES);
  if (address === 0n) fail('too little memory: no 16 KiB are free below 640 KiB');
  fillMemory(address, 0, BLOCK_BYTES);
  const block = physical(MultibootBlock, address);
  const information = window(addressOf(block.information), INFO_BYTES);
  block.descriptors.set(2, CODE_32_SEGMENT);
  block.descriptors.set(3, DATA_SEGMENT);
  writeSizes(information);
  writeTexts(information, block);
  writeModule(information, block, initrd);
  writeMap(information, block);
  return block;
}

function give(information: Bytes, flag: u32): void {
  requires(information.length === INFO_BYTES);
  information.setU32(FLAGS, u32(information.u32(FLAGS) | flag));
}

function writeSizes(information: Bytes): void {
  requires(information.length === INFO_BYTES);
  const low = min64(endOfMemoryFrom(0n), CONVENTIONAL_MEMORY_END);
  const high = subSat64(endOfMemoryFrom(MIB), MIB);
  information.setU32(LOW_KIB, u32(low / KIB));
  information.setU32(HIGH_KIB, u32(high / KIB));
  give(information, FLAG_SIZES);
}

function writeTexts(information: Bytes, block: MultibootBlock): void {
  requires(information.length === INFO_BYTES);
  const text = textBytes(bootInfo.commandLine);
  for (let i: u32 = 0; i < text.length; i++) block.commandLine.set(i, text.u8(i));
  for (let i: u32 = 0; i < NAME.length; i++) block.loaderName.set(i, NAME.charCodeAt(i));
  information.setU32(COMMAND_LINE, u32(addressOf(block.commandLine)));
  information.setU32(LOADER_NAME, u32(addressOf(block.loaderName)));
  give(information, FLAG_COMMAND_LINE | FLAG_LOADER_NAME);
}

/** Writes the module: start, end and an empty text. */
function writeModule(information: Bytes, block: MultibootBlock, initrd: Hpa): void {
  requires(information.length === INFO_BYTES);
  if (initrd === 0n) return;
  block.module.set(0, u32(initrd));
  block.module.set(1, u32(u64(initrd) + partBytes(GuestPart.initrd)));
  block.module.set(2, u32(addressOf(block.emptyText)));
  information.setU32(MODULE_COUNT, 1);
  information.setU32(MODULES, u32(addressOf(block.module)));
  give(information, FLAG_MODULES);
}

function writeMap(information: Bytes, block: MultibootBlock): void {
  requires(information.length === INFO_BYTES);
  const count = memoryMap.count;
  if (count > MAX_ENTRIES) fail('a Multiboot guest is told of at most 512 ranges of memory, and this machine has more');
  const map = window(addressOf(block.map), MAX_ENTRIES * SIZED_ENTRY_BYTES);
  for (let i: u32 = 0; i < count; i++) {
    const entry = map.part(i * SIZED_ENTRY_BYTES, SIZED_ENTRY_BYTES);
    entry.setU32(0, MAP_ENTRY_BYTES);
    writeMapEntry(entry.part(SIZED_ENTRY_BYTES - MAP_ENTRY_BYTES, MAP_ENTRY_BYTES), i);
  }
  information.setU32(MAP_BYTES, count * SIZED_ENTRY_BYTES);
  information.setU32(MAP, u32(addressOf(block.map)));
  give(information, FLAG_MAP);
}
