/** Access to the UEFI firmware that started the image (UEFI Specification 2.10). */
import type { u64 } from '../../../transpiler/lib/index.js';
import { hpa, physical, requires, u32, window, type Bytes, type Hpa } from '../../../transpiler/lib/index.js';
import { consoleLeaveUart } from '../../report/console.js';
import { firmwareConsoleLeave, firmwareConsoleStart } from '../../report/firmwareConsole.js';
import { fail } from '../../report/fail.js';
import { rsdpOfSystemTable, SYSTEM_TABLE } from '../../handover/efiConfiguration.js';
import { firmware, locateProtocol, protocolOf } from '../../handover/efiServices.js';
import {
  EfiBootServices,
  EfiLoadedImage,
  EfiSystemTable,
  LOADED_IMAGE_HIGH,
  LOADED_IMAGE_LOW,
  SERIAL_IO_HIGH,
  SERIAL_IO_LOW,
} from '../../handover/efiTables.js';

/** "BOOTSERV" */
const BOOT_SERVICES = 0x5652_4553_544f_4f42n;
const HEADER_BYTES = 24;
const HEADER_CRC = 16;
const HEADER_MOST = 4096;
const REVISION_2_0 = 0x0002_0000;

/** The polynomial of CRC-32 in ISO 3309, with its bits reversed. */
const CRC_POLYNOMIAL = 0xedb8_8320;
const ALL_ONES = 0xffff_ffff;

/**
 * Records the firmware's tables. Its console shows messages from here on, and COM1 only if no driver of the firmware
 * uses it. Stops start-up if the tables are damaged or too old.
 */
export function openFirmware(image: u64, systemTable: Hpa): void {
  if (!isWhole(systemTable, SYSTEM_TABLE, EfiSystemTable.bytes)) fail('the system table of the firmware is damaged');
  const system = physical(EfiSystemTable, systemTable);
  if (system.revision < REVISION_2_0) fail('the firmware is older than UEFI 2.0');
  if (!isWhole(system.bootServices, BOOT_SERVICES, EfiBootServices.bytes))
    fail('the table of boot services of the firmware is damaged');
  firmware.image = image;
  firmware.systemTable = systemTable;
  firmware.bootServices = system.bootServices;
  firmwareConsoleStart(system.consoleOutput);
  if (locateProtocol(SERIAL_IO_LOW, SERIAL_IO_HIGH) !== 0n) consoleLeaveUart();
}

/** Whether `table` has this signature, at least `bytes` bytes and a correct checksum (4.2). */
function isWhole(table: Hpa, signature: u64, bytes: u32): boolean {
  requires(bytes >= HEADER_BYTES);
  if (table === 0n) return false;
  const header = window(table, HEADER_BYTES);
  const length = header.u32(12);
  if (header.u64(0) !== signature || length < bytes || length > HEADER_MOST) return false;
  return crcOf(window(table, length)) === header.u32(HEADER_CRC);
}

/** The CRC-32 of a table. The field with the checksum counts as 0. */
function crcOf(table: Bytes): u32 {
  let crc: u32 = ALL_ONES;
  for (let i: u32 = 0; i < table.length; i++) {
    const isField = i >= HEADER_CRC && i < HEADER_CRC + 4;
    crc = u32(crc ^ (isField ? 0 : table.u8(i)));
    for (let bit: u32 = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : u32((crc >>> 1) ^ CRC_POLYNOMIAL);
  }
  return u32(~crc);
}

/** The firmware's description of the image with this handle. Stops start-up if there is none. */
export function loadedImage(handle: u64): EfiLoadedImage {
  const found = protocolOf(handle, LOADED_IMAGE_LOW, LOADED_IMAGE_HIGH);
  if (found === 0n) fail('the firmware does not say how it loaded an image');
  return physical(EfiLoadedImage, found);
}

/** Address of the RSDP; 0 if the firmware has none. */
export function firmwareRsdp(): Hpa {
  return rsdpOfSystemTable(firmware.systemTable);
}

/** Forgets the firmware, which now belongs to the guest. */
export function closeFirmware(): void {
  firmware.bootServices = hpa(0n);
  firmwareConsoleLeave();
}
