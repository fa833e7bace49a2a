/**
 * Chooses addresses for the guest's parts so that no copy overwrites anything that is still needed: the block in low
 * memory and the initrd avoid all parts and the kernel's final place; the kernel is moved last.
 */
import {
  addSat64,
  at,
  hpa,
  HPA,
  instance,
  min64,
  requires,
  struct,
  subSat64,
  u32,
  U32,
  U64,
  u64,
  type Hpa,
} from '../../../transpiler/lib/index.js';
import { bootInfo, GUEST_PARTS, GuestPart, isGiven } from '../../handover/bootInfo.js';
import { beginPartLine } from '../../boot/bundle/refuse.js';
import { excludeRange, highestFree, isAvailable } from '../../machine/memoryMap.js';
import { print, printDecimal, printHex } from '../../report/console.js';
import { fail, stop } from '../../report/fail.js';
import { extensionBytes } from '../memory/guestMap.js';
import { efiMapBytesMost } from '../efi/map.js';
import { linuxImage } from './linuxImage.js';
import { FOUR_GIB, MIB, PAGE_BYTES } from '../../x86/pages.js';

const CONVENTIONAL_MEMORY_END = 0xa_0000n;
/** Size of the block in low memory (bootBlock.ts). */
export const BOOT_BLOCK_BYTES = 0x9000n;
/** Linux puts a trampoline into the top pages of low memory while it still uses the page tables in the block. */
const ROOM_ABOVE_BOOT_BLOCK = 0x8000n;

const Places = struct(
  'Places',
  { size: 56 },
  {
    kernel: at(0, HPA),
    initrd: at(8, HPA),
    initrdBytes: at(16, U64),
    bootBlock: at(24, HPA),
    efiMap: at(32, HPA),
    extension: at(40, HPA),
    efiMapBytes: at(48, U32),
    extensionBytes: at(52, U32),
  },
);
/**
 * The chosen addresses. `initrd` and `initrdBytes` are 0 without an initrd; `efiMap` and `extension` are 0 if not
 * needed.
 */
export const places = instance(Places);

/** Chooses all addresses. Stops start-up if there is too little memory. */
export function choosePlaces(): void {
  placeKernel();
  if (isGiven(GuestPart.initrd)) placeInitrd();
  const block = highestFree(BOOT_BLOCK_BYTES + ROOM_ABOVE_BOOT_BLOCK, CONVENTIONAL_MEMORY_END, PAGE_BYTES);
  if (block === 0n) fail('too little memory: no 68 KiB are free below 640 KiB');
  excludeRange(block, BOOT_BLOCK_BYTES + ROOM_ABOVE_BOOT_BLOCK);
  places.bootBlock = block;
  places.efiMapBytes = u32(efiMapBytesMost());
  places.efiMap = placeTable(places.efiMapBytes);
  places.extensionBytes = u32(extensionBytes());
  places.extension = placeTable(places.extensionBytes);
}

/** Finds memory for a table that Linux reserves before it reuses memory. Returns 0 if the table has no bytes. */
function placeTable(bytes: u32): Hpa {
  if (bytes === 0) return hpa(0n);
  const place = highestFree(u64(bytes), FOUR_GIB, PAGE_BYTES);
  if (place === 0n) fail('too little memory: no room for the memory map of the guest');
  excludeRange(place, u64(bytes));
  return place;
}

function placeKernel(): void {
  const bytes = linuxImage.workingBytes;
  const preferred = linuxImage.preferred;
  const place = isKernelPlace(preferred, bytes) ? preferred : otherKernelPlace(preferred, bytes);
  if (place === 0n) refuseForMemory(GuestPart.kernel, bytes, preferred, FOUR_GIB);
  places.kernel = place;
  excludeRange(place, bytes);
}

function isKernelPlace(place: Hpa, bytes: u64): boolean {
  const start = u64(place);
  return start >= MIB && start < FOUR_GIB && bytes <= FOUR_GIB - start && isAvailable(place, bytes);
}

/** Another address for a relocatable kernel, not below the preferred one. 0 if there is none. */
function otherKernelPlace(preferred: Hpa, bytes: u64): Hpa {
  const alignment = linuxImage.alignment;
  if (!linuxImage.relocatable || alignment === 0n) return hpa(0n);
  const place = highestFree(bytes, FOUR_GIB, alignment);
  return place < preferred || place < MIB ? hpa(0n) : place;
}

function placeInitrd(): void {
  const initrd = bootInfo.parts.at(GuestPart.initrd);
  const bytes = subSat64(u64(initrd.end), u64(initrd.start));
  const end = min64(addSat64(linuxImage.initrdHighest, 1n), FOUR_GIB);
  const place = highestFree(bytes, end, PAGE_BYTES);
  if (place === 0n) refuseForMemory(GuestPart.initrd, bytes, hpa(0n), end);
  places.initrd = place;
  places.initrdBytes = bytes;
  excludeRange(place, bytes);
}

function refuseForMemory(part: u32, bytes: u64, from: Hpa, end: u64): never {
  requires(part < GUEST_PARTS);
  beginPartLine(part);
  print('too little memory: it needs ');
  printDecimal(bytes);
  print(' free bytes between ');
  printHex(u64(from));
  print(' and ');
  printHex(end);
  stop();
}
