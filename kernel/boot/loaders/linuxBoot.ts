/**
 * Reads the zero page, which a loader of Linux hands over (Linux, Documentation/arch/x86/zero-page.rst and boot.rst).
 * The loader's initrd is the bundle, and its command line holds the hypervisor's options.
 */
import type { u8 } from '../../../transpiler/lib/index.js';
import {
  addressOf,
  arr,
  at,
  copyMemory,
  hpa,
  instance,
  min64,
  requires,
  struct,
  u32,
  u64,
  U8,
  window,
  type Bytes,
  type Hpa,
} from '../../../transpiler/lib/index.js';
import { beginLine, endLine, print } from '../../report/console.js';
import { fail } from '../../report/fail.js';
import { addMemoryRange, bootInfo, MAX_TEXT, SCREEN_BYTES } from '../../handover/bootInfo.js';
import { readBundle } from '../bundle/bundle.js';
import { refuseFromOutside } from '../bundle/refuse.js';
import { isMappedEarly, MOST_MAPPED } from './earlyMap.js';
import { keepOptions } from './loaderWords.js';
import { keepEfiMap } from '../../machine/efiMemoryMap.js';
import { positionOf } from '../../handover/text.js';
import { FOUR_GIB } from '../../x86/pages.js';

/** "HdrS": the magic number that the entry code passes for a loader of Linux. */
export const LINUX_MAGIC = 0x5372_6448;

const PAGE_BYTES = 4096;
const ACPI_RSDP = 0x070;
const INITRD_ADDRESS_HIGH = 0x0c0;
const INITRD_BYTES_HIGH = 0x0c4;
const COMMAND_LINE_HIGH = 0x0c8;
const EFI_SIGNATURE = 0x1c0;
const EFI_SYSTEM_TABLE = 0x1c4;
const EFI_DESCRIPTOR_BYTES = 0x1c8;
const EFI_DESCRIPTOR_VERSION = 0x1cc;
const EFI_MAP = 0x1d0;
const EFI_MAP_BYTES = 0x1d4;
const EFI_SYSTEM_TABLE_HIGH = 0x1d8;
const EFI_MAP_HIGH = 0x1dc;
const MAP_COUNT = 0x1e8;
const SECURE_BOOT = 0x1ec;
const HEADER_MAGIC = 0x202;
const INITRD_ADDRESS = 0x218;
const INITRD_BYTES = 0x21c;
const COMMAND_LINE = 0x228;
const SETUP_DATA = 0x250;
const MAP = 0x2d0;

const MAP_ENTRY_BYTES = 20;
const MAP_ENTRIES_MOST = 128;
/**
 * Value of secure_boot in the zero page if Secure Boot is on (Linux, include/linux/efi.h, efi_secureboot_mode_enabled).
 */
const SECURE_BOOT_ON = 3;
/** "EL64": started by 64-bit EFI. "EL32": started by 32-bit EFI, which the guest cannot use. */
const EFI_64 = 0x3436_4c45;
const EFI_32 = 0x3233_4c45;

/** A node of the list of setup data: the address of the next one, type and length, then the data. */
const SETUP_DATA_BYTES = 16;
const SETUP_TYPE = 8;
const SETUP_LENGTH = 12;
const SETUP_E820_EXTENSION = 1;
const SETUP_EFI = 4;
const SETUP_DATA_MOST = 64;
/** Longest extension of the map: 512 ranges fit. */
const EXTENSION_BYTES_MOST = 0x4000;

const LONGEST_BUNDLE = 0xffff_ffffn;
const LAST_RANGE_END = 0xffff_ffff_ffff_ffffn;

const ZeroPage = struct('LoaderZeroPage', { size: 4096 }, { bytes: at(0, arr(U8, PAGE_BYTES)) });
const zeroPage = instance(ZeroPage, { align: 16 });

/** Copies the information in the zero page at `info` into `bootInfo`. Stops start-up if it is malformed. */
export function readLinuxBoot(info: Hpa): void {
  if (!isMappedEarly(u64(info), u64(PAGE_BYTES))) fail('the zero page lies outside memory');
  copyMemory(addressOf(zeroPage.bytes), info, u64(PAGE_BYTES));
  const page = window(addressOf(zeroPage.bytes), PAGE_BYTES);
  if (page.u32(HEADER_MAGIC) !== LINUX_MAGIC) fail('the zero page has no setup header');
  bootInfo.isSecure = page.u8(SECURE_BOOT) === SECURE_BOOT_ON;
  readOptions(addressIn(page, COMMAND_LINE, COMMAND_LINE_HIGH));
  bootInfo.rsdp = hpa(page.u64(ACPI_RSDP));
  keepScreen(page);
  readMap(page);
  readEfi(page);
  readSetupData(page.u64(SETUP_DATA));
  if (bootInfo.rangeCount === 0) fail('the boot loader gave no memory map');
  readInitrd(page);
}

function readMap(page: Bytes): void {
  requires(page.length === PAGE_BYTES);
  const count = page.u8(MAP_COUNT);
  if (count > MAP_ENTRIES_MOST) fail('the zero page has more ranges of memory than it has room for');
  readEntries(page.part(MAP, count * MAP_ENTRY_BYTES));
}

/** Reads map entries of 20 bytes: start, length, kind. */
function readEntries(entries: Bytes): void {
  let offset: u32 = 0;
  while (offset < entries.length && entries.length - offset >= MAP_ENTRY_BYTES) {
    const entry = entries.part(offset, MAP_ENTRY_BYTES);
    const start = entry.u64(0);
    const bytes = entry.u64(8);
    if (bytes > LAST_RANGE_END - start) fail('a range of the memory map reaches past the last address');
    if (bytes !== 0n && !addMemoryRange(hpa(start), hpa(start + bytes), entry.u32(16)))
      fail('the memory map of the boot loader has more than 512 ranges');
    offset += MAP_ENTRY_BYTES;
  }
}

/**
 * Follows the list of setup data. SETUP_EFI means that an earlier kernel gave EFI virtual addresses (kexec), and only
 * that kernel can call EFI; so the guest gets no system table. The machine still counts as one with UEFI firmware,
 * which has no BIOS to start a guest.
 */
function readSetupData(first: u64): void {
  let address: u64 = first;
  for (let i: u32 = 0; i < SETUP_DATA_MOST && address !== 0n; i++) {
    if (!isMappedEarly(address, u64(SETUP_DATA_BYTES))) fail('the setup data of the boot loader lies outside memory');
    const link = window(hpa(address), SETUP_DATA_BYTES);
    const next = link.u64(0);
    const type = link.u32(SETUP_TYPE);
    const length = link.u32(SETUP_LENGTH);
    if (type === SETUP_E820_EXTENSION) readExtension(address + u64(SETUP_DATA_BYTES), length);
    if (type === SETUP_EFI) bootInfo.efi.systemTable = hpa(0n);
    address = next;
  }
  if (address !== 0n) fail('the setup data of the boot loader is an endless chain');
}

function readExtension(address: u64, length: u32): void {
  requires(address <= MOST_MAPPED + 16n);
  if (length > EXTENSION_BYTES_MOST || !isMappedEarly(address, u64(length)))
    fail('the setup data of the boot loader gives a bad memory map');
  readEntries(window(hpa(address), length));
}

function readEfi(page: Bytes): void {
  requires(page.length === PAGE_BYTES);
  const signature = page.u32(EFI_SIGNATURE);
  bootInfo.efi.isPresent = signature === EFI_64 || signature === EFI_32;
  if (signature !== EFI_64) return;
  const map = addressIn(page, EFI_MAP, EFI_MAP_HIGH);
  const bytes = page.u32(EFI_MAP_BYTES);
  if (!isMappedEarly(map, u64(bytes))) {
    beginLine();
    print('the EFI memory map cannot be read yet: the guest gets no EFI runtime services');
    endLine();
    return;
  }
  keepEfiMap(hpa(map), bytes, page.u32(EFI_DESCRIPTOR_BYTES), page.u32(EFI_DESCRIPTOR_VERSION));
  bootInfo.efi.systemTable = hpa(addressIn(page, EFI_SYSTEM_TABLE, EFI_SYSTEM_TABLE_HIGH));
}

function readInitrd(page: Bytes): void {
  requires(page.length === PAGE_BYTES);
  const address = addressIn(page, INITRD_ADDRESS, INITRD_ADDRESS_HIGH);
  const bytes = addressIn(page, INITRD_BYTES, INITRD_BYTES_HIGH);
  if (bytes === 0n) return;
  if (bootInfo.isSecure) refuseFromOutside();
  if (bytes > LONGEST_BUNDLE || !isMappedEarly(address, bytes)) fail('the bundle lies where it cannot be read yet');
  readBundle(window(hpa(address), u32(bytes)));
}

function readOptions(address: u64): void {
  if (address === 0n) return;
  if (!isMappedEarly(address, 1n)) fail('the command line lies where it cannot be read yet');
  // Memory from the next multiple of 4 GiB on may not be mapped.
  const room: u64 = FOUR_GIB - (address & (FOUR_GIB - 1n));
  const most = window(hpa(address), u32(min64(u64(MAX_TEXT) + 1n, room)));
  const text = most.part(0, positionOf(most, 0));
  if (text.length > MAX_TEXT) fail('the options are longer than 2,048 bytes');
  keepOptions(text);
}

function keepScreen(page: Bytes): void {
  requires(page.length === PAGE_BYTES);
  let any = false;
  for (let i: u32 = 0; i < SCREEN_BYTES; i++) {
    const byte: u8 = page.u8(i);
    bootInfo.screen.set(i, byte);
    any = any || byte !== 0;
  }
  bootInfo.hasScreen = any;
}

/** A 64-bit value whose halves lie at two offsets. */
function addressIn(page: Bytes, low: u32, high: u32): u64 {
  requires(page.length === PAGE_BYTES && low <= PAGE_BYTES - 4 && high <= PAGE_BYTES - 4);
  return u64(page.u32(low)) | (u64(page.u32(high)) << 32n);
}
