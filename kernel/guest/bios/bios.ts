/**
 * Starts the guest as the BIOS starts an operating system: from a disk's boot sector, in real mode, with the BIOS's
 * services. A block in low memory (runtime-c/bios.asm) reads the sector. The block stays and hooks INT 15h, so that a
 * request for the memory map returns the guest's.
 */
import {
  copyMemory,
  hpa,
  min64,
  requires,
  subSat64,
  u16,
  u64,
  u8,
  window,
  type Bytes,
  type Hpa,
  type u32,
} from '../../../transpiler/lib/index.js';
import { excludeRange, hideRange, highestFree, memoryMap } from '../../machine/memoryMap.js';
import { options } from '../../machine/options.js';
import { imageBounds } from '../../x86/platform.js';
import { consoleHasUart, endLine, print, printHex } from '../../report/console.js';
import { fail } from '../../report/fail.js';
import { startInRealMode, type ProcessorState } from '../../vcpu/state.js';
import { MAP_ENTRY_BYTES, writeMapEntry } from '../memory/mapEntry.js';
import { endOfMemoryFrom } from '../memory/memorySizes.js';
import { MIB } from '../../x86/pages.js';

/** Layout of the block: code and parameters, then the table of ranges. runtime-c/bios.asm has the same offsets. */
const BLOCK_BYTES = 0x1000;
const TABLE = 0x600;
const DISK = 0x20;
const SERIAL_PORT = 0x22;
const RANGES = 0x24;
const BELOW_16_MIB = 0x26;
const ABOVE_16_MIB = 0x28;
const EXTENDED = 0x2a;
const MOST_RANGES = 128;

const FIRST_DISK = 0x80;
const COM1 = 0x3f8;
const KIB = 0x400n;
const UNIT_64_KIB = 0x1_0000n;
const SIXTEEN_MIB = 0x100_0000n;
const CONVENTIONAL_MEMORY_END = 0xa_0000n;
/** The largest size that fits its 16 bits. */
const MOST_UNITS = 0xffffn;
/** A segment's selector is its address in units of 16 bytes. */
const PARAGRAPH_SHIFT = 4n;

/** Address of the vector of INT 15h, and the mark in front of this block's handler: "tsvmBIOS". */
const VECTOR_15 = 0x54n;
const HANDLER = 0x10;
const NAME = 8;
const NAME_VALUE = 0x534f_4942_6d76_7374n;

/** BIOS data area: the KiB of memory from address 0 on. */
const BASE_MEMORY = 0x413n;

/** The number by which INT 13h knows the boot disk. */
function bootDisk(): u8 {
  const given = options.disk;
  return given === 0 ? FIRST_DISK : u8(given - 1);
}

/** Stops start-up if tsvm already runs and its guest has started this tsvm, for example by a boot loader's menu. */
export function refuseSecondStart(): void {
  const vector = window(hpa(VECTOR_15), 4);
  const block = window(hpa(u64(vector.u16(2)) << PARAGRAPH_SHIFT), HANDLER);
  if (vector.u16(0) === HANDLER && block.u64(NAME) === NAME_VALUE)
    fail(
      'this is the guest of a tsvm that runs already: choose another entry of the boot menu, or give that one disk=',
    );
}

/** Copies the block into low memory and makes the guest's processor start in it. */
export function loadBiosGuest(state: ProcessorState): void {
  const block = placeBlock();
  const bounds = imageBounds();
  copyMemory(block, hpa(bounds.physical + u64(bounds.biosBlock - bounds.text)), u64(TABLE));
  fillBlock(window(block, BLOCK_BYTES));
  startInRealMode(state, u16((u64(block) >> PARAGRAPH_SHIFT) & 0xffffn), 0);
  print('the guest starts from disk ');
  printHex(u64(bootDisk()));
  endLine();
}

/**
 * Reserves the block at the top of low memory. Systems without a memory map then learn that memory ends there. The BIOS
 * may have done the same for memory of its own; everything from the block up to that is reserved too.
 */
function placeBlock(): Hpa {
  const baseMemory = window(hpa(BASE_MEMORY), 2);
  const end = min64(u64(baseMemory.u16(0)) * KIB, CONVENTIONAL_MEMORY_END);
  const block = highestFree(u64(BLOCK_BYTES), end, KIB);
  if (block === 0n) fail('too little memory: no 4 KiB are free below 640 KiB for a BIOS guest');
  excludeRange(block, u64(BLOCK_BYTES));
  hideRange(block, subSat64(end, u64(block)));
  baseMemory.setU16(0, u16(u64(block) / KIB));
  return block;
}

function fillBlock(block: Bytes): void {
  requires(block.length === BLOCK_BYTES);
  const count = memoryMap.count;
  if (count > MOST_RANGES) fail('a BIOS guest is told of at most 128 ranges of memory, and this machine has more');
  for (let i: u32 = 0; i < count; i++) writeMapEntry(block.part(TABLE + i * MAP_ENTRY_BYTES, MAP_ENTRY_BYTES), i);
  const end = endOfMemoryFrom(MIB);
  block.setU8(DISK, bootDisk());
  block.setU16(SERIAL_PORT, consoleHasUart() ? COM1 : 0);
  block.setU16(RANGES, u16(count));
  block.setU16(BELOW_16_MIB, units(min64(end, SIXTEEN_MIB), MIB, KIB));
  block.setU16(ABOVE_16_MIB, units(end, SIXTEEN_MIB, UNIT_64_KIB));
  block.setU16(EXTENDED, units(end, MIB, KIB));
}

/** Number of units of `unit` bytes from `start` to `end`, at most what 16 bits hold. */
function units(end: u64, start: u64, unit: u64): u16 {
  requires(unit > 0n);
  return u16(min64(u64(subSat64(end, start) / unit), MOST_UNITS));
}
