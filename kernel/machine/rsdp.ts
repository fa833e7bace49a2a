/**
 * ACPI's root pointer (ACPI Specification 6.4, 5.2.5). The first of these places that holds an intact one counts: where
 * the boot loader says that it lies, where EFI's system table does, the memory of the BIOS, and the copy that the boot
 * loader gives.
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
/** The BIOS keeps the segment of its extended data area here. */
const EBDA_SEGMENT = 0x40en;
const EBDA_BYTES = 1024;
const BIOS_AREA = 0xe_0000;
const BIOS_AREA_BYTES = 0x2_0000;
/** From here on an extended one would reach past 4 GiB, above which nothing is mapped when it is read. */
const HIGHEST = 0xffff_f000n;

/** The root pointer, whose checksums are right; null where there is none. */
export function findRsdp(): Bytes | null {
  const given = givenRsdp(bootInfo.rsdp);
  if (given !== null) return given;
  const ofEfi = bootInfo.efi.systemTable === 0n ? null : givenRsdp(rsdpOfSystemTable(bootInfo.efi.systemTable));
  if (ofEfi !== null) return ofEfi;
  const ofBios = searchBios();
  return ofBios === null ? copiedRsdp() : ofBios;
}

/** Where the guest may find it: 0 for the private copy of what the boot loader gave. */
export function placeOfRsdp(rsdp: Bytes): Hpa {
  return rsdp.start === addressOf(bootInfo.rsdpCopy) ? hpa(0n) : rsdp.start;
}

/** The one at `address`, 0 for none. Says where that is damaged. */
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

/** The RSDP at the start of `area`, where its checksums are right: 20 bytes up to revision 1, from 2 on 36 or more. */
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

/** The sum of all bytes modulo 256, which is 0 for a table that is intact. */
export function sumOf(bytes: Bytes): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < bytes.length; i++) sum = (sum + bytes.u8(i)) & 0xff;
  return sum;
}
