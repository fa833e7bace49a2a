/**
 * EFI for a guest whose boot loader has ended boot services: the system table, and a copy of the memory map in which
 * the hypervisor's memory is reserved (Linux, include/uapi/asm/bootparam.h, efi_info).
 */
import {
  copyMemory,
  hpa,
  min32,
  min64,
  requires,
  subSat64,
  u32,
  u64,
  type Bytes,
  type Hpa,
} from '../../../transpiler/lib/index.js';
import { bootInfo } from '../../handover/bootInfo.js';
import {
  DESCRIPTOR_BYTES_LEAST,
  DESCRIPTOR_BYTES_MOST,
  DESCRIPTOR_PAGES,
  DESCRIPTOR_START,
  DESCRIPTOR_TYPE,
  DESCRIPTOR_VIRTUAL,
  descriptorEnd,
  descriptorStart,
  efiDescriptor,
  efiDescriptorCount,
  EfiMemory,
} from '../../machine/efiMemoryMap.js';
import { hiddenCount, hiddenRange } from '../../machine/memoryMap.js';
import { fail } from '../../report/fail.js';
import { PAGE_BITS } from '../../x86/pages.js';

const SIGNATURE = 0x1c0;
const SYSTEM_TABLE = 0x1c4;
const DESCRIPTOR_BYTES = 0x1c8;
const DESCRIPTOR_VERSION = 0x1cc;
const MAP = 0x1d0;
const MAP_BYTES = 0x1d4;
const SYSTEM_TABLE_HIGH = 0x1d8;
const MAP_HIGH = 0x1dc;
/** "EL64": started by 64-bit EFI. */
const EFI_64 = 0x3436_4c45;

/**
 * Most bytes that the guest's map can take; 0 without EFI. Descriptors do not overlap, so each end of a hidden range
 * splits at most one of them.
 */
export function efiMapBytesMost(): u64 {
  if (bootInfo.efi.systemTable === 0n) return 0n;
  const descriptors = u64(efiDescriptorCount()) + 2n * u64(hiddenCount());
  return descriptors * u64(min32(bootInfo.efi.descriptorBytes, DESCRIPTOR_BYTES_MOST));
}

/**
 * Writes the map to `map`, and stores its address and that of EFI's system table in the zero page. Stops start-up if
 * `map` is too small.
 */
export function writeEfiInfo(page: Bytes, map: Bytes): void {
  requires(page.length === 4096);
  const table = u64(bootInfo.efi.systemTable);
  if (table === 0n) return;
  const bytes = writeMap(map);
  const start = u64(map.start);
  page.setU32(SIGNATURE, EFI_64);
  page.setU32(SYSTEM_TABLE, u32(table));
  page.setU32(SYSTEM_TABLE_HIGH, u32(table >> 32n));
  page.setU32(DESCRIPTOR_BYTES, bootInfo.efi.descriptorBytes);
  page.setU32(DESCRIPTOR_VERSION, bootInfo.efi.descriptorVersion);
  page.setU32(MAP, u32(start));
  page.setU32(MAP_HIGH, u32(start >> 32n));
  page.setU32(MAP_BYTES, bytes);
}

/** Writes the map. Returns its length in bytes. */
function writeMap(map: Bytes): u32 {
  let written: u32 = 0;
  for (let i: u32 = 0; i < efiDescriptorCount(); i++) written = writePieces(map, written, efiDescriptor(i));
  return written;
}

/** Writes a descriptor at `offset` of the map, split where hidden ranges start and end. Returns the offset after it. */
function writePieces(map: Bytes, offset: u32, descriptor: Bytes): u32 {
  const end = descriptorEnd(descriptor);
  let position: Hpa = descriptorStart(descriptor);
  let next: u32 = offset;
  while (position < end) {
    const hidden = isHidden(position);
    const pieceEnd = hpa(min64(u64(nextChange(position)), u64(end)));
    next = writePiece(map, next, descriptor, position, pieceEnd, hidden);
    position = pieceEnd;
  }
  return next;
}

function writePiece(map: Bytes, offset: u32, descriptor: Bytes, start: Hpa, end: Hpa, hidden: boolean): u32 {
  const bytes = descriptor.length;
  if (bytes < DESCRIPTOR_BYTES_LEAST) return offset;
  if (offset > map.length || bytes > map.length - offset)
    fail("the guest's EFI memory map needs more room than it has");
  const piece = map.part(offset, bytes);
  copyMemory(piece.start, descriptor.start, u64(bytes));
  const virtual = descriptor.u64(DESCRIPTOR_VIRTUAL);
  piece.setU64(DESCRIPTOR_START, u64(start));
  piece.setU64(DESCRIPTOR_PAGES, subSat64(u64(end), u64(start)) >> PAGE_BITS);
  if (virtual !== 0n) piece.setU64(DESCRIPTOR_VIRTUAL, u64(virtual + u64(start - descriptorStart(descriptor))));
  if (hidden) piece.setU32(DESCRIPTOR_TYPE, EfiMemory.reserved);
  return offset + bytes;
}

function isHidden(position: Hpa): boolean {
  for (let i: u32 = 0; i < hiddenCount(); i++) {
    const range = hiddenRange(i);
    if (range.start <= position && position < range.end) return true;
  }
  return false;
}

/** The next start or end of a hidden range after `position`. */
function nextChange(position: Hpa): Hpa {
  let lowest: Hpa = hpa(0xffff_ffff_ffff_f000n);
  for (let i: u32 = 0; i < hiddenCount(); i++) {
    const range = hiddenRange(i);
    const start = range.start;
    const change = start > position ? start : range.end;
    if (change > position && change < lowest) lowest = change;
  }
  return lowest;
}
