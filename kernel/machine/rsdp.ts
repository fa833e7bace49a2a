/**
 * Finds the RSDP, ACPI's root pointer (ACPI Specification 6.4, 5.2.5). The first intact one of these counts: at the
 * address from the boot loader, in EFI's system table, in the memory of the BIOS, and the boot loader's copy.
 */
import { addressOf, hpa, min32, u32, u64, window, type Bytes, type Hpa } from '../../transpiler/lib/index.js';
import { bootInfo, RSDP_BYTES_MOST } from '../handover/bootInfo.js';
import { rsdpOfSystemTable } from '../handover/efiConfiguration.js';
import { beginLine, endLine, print, printHex } from '../report/console.js';

/** "RSD PTR " (5.2.5.1: on a 16-byte boundary in the first KiB of the EBDA or from 0xE0000 up to 1 MiB). */
const SIGNATURE = 0x2052_5450_2044_5352n;
export const RSDP_BYTES = 20;
export const RSDP_EXTENDED_BYTES = 36;
const REVISION = 15;
const LENGTH = 20;
/** The BIOS stores the segment of its extended data area at this address. */
const EBDA_SEGMENT = 0x40en;
const EBDA_BYTES = 1024;
const BIOS_AREA = 0xe_0000;
const BIOS_AREA_BYTES = 0x2_0000;
/** Highest address accepted. Above 4 GiB nothing is mapped when the RSDP is read. */
const HIGHEST = 0xffff_f000n;

/** The RSDP with correct checksums; null if there is none. */
export function findRsdp(): Bytes | null {
  const given = givenRsdp(bootInfo.rsdp);
  if (given !== null) return given;
  const ofEfi = bootInfo.efi.systemTable === 0n ? null : givenRsdp(rsdpOfSystemTable(bootInfo.efi.systemTable));
  if (ofEfi !== null) return ofEfi;
  const ofBios = searchBios();
  return ofBios === null ? copiedRsdp() : ofBios;
}

/** The address at which the guest may find the RSDP; 0 for the private copy of the boot loader's. */
export function placeOfRsdp(rsdp: Bytes): Hpa {
  return rsdp.start === addressOf(bootInfo.rsdpCopy) ? hpa(0n) : rsdp.start;
}

/** The RSDP at `address`; null if that is 0, or, with a message, if it is damaged. */
function givenRsdp(address: Hpa): Bytes | null {
  if (address === 0n) return null;
  const found = address > HIGHEST ? null : checkedRsdp(window(address, RSDP_EXTENDED_BYTES));
  if (found === null) {
    beginLine();
    print('the ACPI root pointer at ');
    printHex(u64(address));
    print(' is damaged: another one is searched');
    endLine();
  }
  return found;
}

function searchBios(): Bytes | null {
  const ebda = u32(window(hpa(EBDA_SEGMENT), 2).u16(0)) * 16;
  const inEbda = ebda === 0 ? null : searchArea(ebda, EBDA_BYTES);
  return inEbda === null ? searchArea(BIOS_AREA, BIOS_AREA_BYTES) : inEbda;
}

function searchArea(start: u32, length: u32): Bytes | null {
  const area = window(hpa(u64(start)), length);
  for (let offset: u32 = 0; offset + RSDP_BYTES <= length; offset += 16) {
    const found = checkedRsdp(area.part(offset, length - offset));
    if (found !== null) return found;
  }
  return null;
}

function copiedRsdp(): Bytes | null {
  const copy = window(addressOf(bootInfo.rsdpCopy), RSDP_BYTES_MOST);
  return checkedRsdp(copy.part(0, min32(bootInfo.rsdpCopyBytes, RSDP_BYTES_MOST)));
}

/**
 * The RSDP at the start of `area`, if its checksums are correct: 20 bytes up to revision 1, 36 or more from revision 2
 * on.
 */
function checkedRsdp(area: Bytes): Bytes | null {
  if (area.length < RSDP_BYTES || area.u64(0) !== SIGNATURE) return null;
  const first = area.part(0, RSDP_BYTES);
  if (sumOf(first) !== 0) return null;
  if (first.u8(REVISION) < 2) return first;
  if (area.length < RSDP_EXTENDED_BYTES) return null;
  const length = area.u32(LENGTH);
  if (length < RSDP_EXTENDED_BYTES || length > area.length) return null;
  const whole = area.part(0, length);
  return sumOf(whole) === 0 ? whole : null;
}

/** The sum of all bytes modulo 256; 0 for an intact table. */
export function sumOf(bytes: Bytes): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < bytes.length; i++) sum = (sum + bytes.u8(i)) & 0xff;
  return sum;
}
