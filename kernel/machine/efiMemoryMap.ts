/**
 * A private copy of EFI's memory map (UEFI Specification 2.10, section 7.2, GetMemoryMap), and what it says of each
 * range. A descriptor may be longer than its known fields.
 */
import {
  addressOf,
  arr,
  at,
  copyMemory,
  hpa,
  instance,
  min32,
  struct,
  u32,
  u64,
  U8,
  window,
  type Bytes,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { addMemoryRange, bootInfo, MemoryKind } from '../handover/bootInfo.js';
import { PAGE_BITS } from '../x86/pages.js';

/** Types of memory (table 7.10). */
export const EfiMemory = {
  reserved: 0,
  loaderCode: 1,
  loaderData: 2,
  bootServicesCode: 3,
  bootServicesData: 4,
  runtimeServicesCode: 5,
  runtimeServicesData: 6,
  conventional: 7,
  unusable: 8,
  acpiReclaim: 9,
  acpiNvs: 10,
  memoryMappedIo: 11,
  memoryMappedPorts: 12,
  palCode: 13,
  persistent: 14,
} as const;

/** Fields of a descriptor. */
export const DESCRIPTOR_TYPE = 0;
export const DESCRIPTOR_START = 8;
export const DESCRIPTOR_VIRTUAL = 16;
export const DESCRIPTOR_PAGES = 24;
export const DESCRIPTOR_ATTRIBUTES = 32;
export const DESCRIPTOR_BYTES_LEAST = 40;

/** EFI_MEMORY_WB, EFI_MEMORY_SP. */
const CAN_BE_WRITE_BACK = 1n << 3n;
const FOR_A_PURPOSE = 1n << 18n;

/** Size of the copy. Long maps of real machines have about 500 descriptors of 48 bytes. */
export const EFI_MAP_BYTES_MOST = 0x1_0000;
export const DESCRIPTOR_BYTES_MOST = 1024;
const DESCRIPTOR_VERSION = 1;
const PAGES_MOST = 1n << 52n;

const EfiMap = struct('EfiMap', { size: 0x1_0000 }, { bytes: at(0, arr(U8, EFI_MAP_BYTES_MOST)) });
const efiMap = instance(EfiMap, { align: 8 });

/** Copies the map of `bytes` bytes at `map`. Stops start-up if it is malformed. */
export function keepEfiMap(map: Hpa, bytes: u32, descriptorBytes: u32, version: u32): void {
  if (bytes > EFI_MAP_BYTES_MOST) fail('the EFI memory map is longer than 64 KiB');
  if (descriptorBytes < DESCRIPTOR_BYTES_LEAST || descriptorBytes > DESCRIPTOR_BYTES_MOST)
    fail('the EFI memory map has descriptors of a bad size');
  if (version !== DESCRIPTOR_VERSION) fail('the EFI memory map has descriptors of a version that is not known');
  copyMemory(addressOf(efiMap.bytes), map, u64(bytes));
  bootInfo.efi.mapBytes = bytes;
  bootInfo.efi.descriptorBytes = descriptorBytes;
  bootInfo.efi.descriptorVersion = version;
  checkRanges();
}

/** Number of descriptors in the copied map. */
export function efiDescriptorCount(): u32 {
  const bytes = bootInfo.efi.descriptorBytes;
  return bytes < DESCRIPTOR_BYTES_LEAST ? 0 : u32(min32(bootInfo.efi.mapBytes, EFI_MAP_BYTES_MOST) / bytes);
}

/** Descriptor `index`, at least as long as the known fields; empty if there is none. */
export function efiDescriptor(index: u32): Bytes {
  const map = window(addressOf(efiMap.bytes), EFI_MAP_BYTES_MOST);
  const bytes = bootInfo.efi.descriptorBytes;
  const offset = u64(index) * u64(bytes);
  if (bytes < DESCRIPTOR_BYTES_LEAST || offset + u64(bytes) > u64(EFI_MAP_BYTES_MOST)) return map.part(0, 0);
  return map.part(u32(offset), bytes);
}

/** Start of a descriptor's memory. */
export function descriptorStart(descriptor: Bytes): Hpa {
  return hpa(descriptor.length < DESCRIPTOR_BYTES_LEAST ? 0n : descriptor.u64(DESCRIPTOR_START));
}

/** End of a descriptor's memory. */
export function descriptorEnd(descriptor: Bytes): Hpa {
  if (descriptor.length < DESCRIPTOR_BYTES_LEAST) return hpa(0n);
  return hpa(u64(descriptor.u64(DESCRIPTOR_START) + u64(descriptor.u64(DESCRIPTOR_PAGES) << PAGE_BITS)));
}

/** Copies the map's ranges into `bootInfo`, and joins neighbours of the same kind. */
export function addEfiRanges(): void {
  let start: Hpa = hpa(0n);
  let end: Hpa = hpa(0n);
  let kind: u32 = MemoryKind.reserved;
  for (let i: u32 = 0; i < efiDescriptorCount(); i++) {
    const descriptor = efiDescriptor(i);
    const nextStart = descriptorStart(descriptor);
    const nextKind = descriptorKind(descriptor);
    if (nextStart !== end || nextKind !== kind) {
      addRange(start, end, kind);
      start = nextStart;
      kind = nextKind;
    }
    end = descriptorEnd(descriptor);
  }
  addRange(start, end, kind);
}

/** Start of the first memory in the range that the map marks as in use after boot services; `end` if there is none. */
export function keptByFirmwareIn(start: Hpa, end: Hpa): Hpa {
  for (let i: u32 = 0; i < efiDescriptorCount(); i++) {
    const descriptor = efiDescriptor(i);
    const from = descriptorStart(descriptor);
    if (from < end && descriptorEnd(descriptor) > start && descriptorKind(descriptor) !== MemoryKind.available)
      return from;
  }
  return end;
}

/** Start of the first boot-services memory in the range; `end` if there is none. EFI may still refer to data there. */
export function bootServicesIn(start: Hpa, end: Hpa): Hpa {
  for (let i: u32 = 0; i < efiDescriptorCount(); i++) {
    const descriptor = efiDescriptor(i);
    const from = descriptorStart(descriptor);
    if (from < end && descriptorEnd(descriptor) > start && isBootServices(descriptor)) return from;
  }
  return end;
}

function isBootServices(descriptor: Bytes): boolean {
  if (descriptor.length < DESCRIPTOR_BYTES_LEAST) return false;
  const type = descriptor.u32(DESCRIPTOR_TYPE);
  return type === EfiMemory.bootServicesCode || type === EfiMemory.bootServicesData;
}

/** The kind of a descriptor's memory once boot services have ended (table 7.11). */
export function descriptorKind(descriptor: Bytes): u32 {
  if (descriptor.length < DESCRIPTOR_BYTES_LEAST) return MemoryKind.reserved;
  switch (descriptor.u32(DESCRIPTOR_TYPE)) {
    case EfiMemory.loaderCode:
    case EfiMemory.loaderData:
    case EfiMemory.bootServicesCode:
    case EfiMemory.bootServicesData:
    case EfiMemory.conventional:
      return kindOfFree(descriptor.u64(DESCRIPTOR_ATTRIBUTES));
    case EfiMemory.unusable:
      return MemoryKind.unusable;
    case EfiMemory.acpiReclaim:
      return MemoryKind.acpiReclaimable;
    case EfiMemory.acpiNvs:
      return MemoryKind.acpiNvs;
    case EfiMemory.persistent:
      return MemoryKind.persistent;
    default:
      return MemoryKind.reserved;
  }
}

/** The kind of free memory. Memory that cannot be cached is reserved, since programs should not run there. */
function kindOfFree(attributes: u64): u32 {
  if ((attributes & CAN_BE_WRITE_BACK) === 0n) return MemoryKind.reserved;
  return (attributes & FOR_A_PURPOSE) === 0n ? MemoryKind.available : MemoryKind.specialPurpose;
}

/**
 * Stops start-up if ranges overlap or wrap around. Firmware usually sorts its map; then each range is only compared
 * with the highest end so far.
 */
function checkRanges(): void {
  let highest: Hpa = hpa(0n);
  for (let i: u32 = 0; i < efiDescriptorCount(); i++) {
    const descriptor = efiDescriptor(i);
    if (descriptor.length < DESCRIPTOR_BYTES_LEAST) return;
    const pages = descriptor.u64(DESCRIPTOR_PAGES);
    const start = descriptorStart(descriptor);
    const end = descriptorEnd(descriptor);
    if (pages >= PAGES_MOST || end < start) fail('a range of the EFI memory map reaches past the last address');
    if (start < end && start < highest && overlapsEarlier(i, start, end)) fail('ranges of the EFI memory map overlap');
    if (end > highest) highest = end;
  }
}

/** Whether the range overlaps one of the first `count` descriptors. */
function overlapsEarlier(count: u32, start: Hpa, end: Hpa): boolean {
  for (let i: u32 = 0; i < count; i++) {
    const other = efiDescriptor(i);
    if (descriptorStart(other) < end && descriptorEnd(other) > start) return true;
  }
  return false;
}

function addRange(start: Hpa, end: Hpa, kind: u32): void {
  if (start === end) return;
  if (!addMemoryRange(start, end, kind)) fail('the EFI memory map has more than 512 ranges');
}
