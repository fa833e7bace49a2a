/**
 * The zero page, which gives Linux its parameters (Linux, Documentation/arch/x86/zero-page.rst).
 *
 * It holds what the BIOS would report on the bare machine, but the hypervisor's memory is reserved.
 */
import { requires, u32, u64, window, type Bytes, type Hpa } from '../../../transpiler/lib/index.js';
import { bootInfo, GuestPart } from '../../handover/bootInfo.js';
import { rsdpAddress } from '../../machine/acpi.js';
import { writeEfiInfo } from '../efi/map.js';
import { writeMemoryMap } from '../memory/guestMap.js';
import { linuxImage, SETUP_HEADER, SETUP_HEADER_LIMIT } from './linuxImage.js';
import { places } from './placement.js';
import { writeScreen } from './screen.js';

/** Size of the zero page: one page. */
export const ZERO_PAGE_BYTES = 4096;

const ACPI_RSDP = 0x070;
const LOADER_TYPE = 0x210;
const LOADED_AT = 0x214;
const INITRD_ADDRESS = 0x218;
const INITRD_BYTES = 0x21c;
const COMMAND_LINE = 0x228;

/** Loader type of a loader without an assigned number. */
const UNDEFINED_LOADER = 0xff;

/**
 * Fills the zeroed `page`. The command line is at `commandLine`, a copy of the RSDP at `rsdpCopy`. Must run before the
 * guest's kernel is moved.
 */
export function writeZeroPage(page: Bytes, commandLine: Hpa, rsdpCopy: Hpa): void {
  requires(page.length === ZERO_PAGE_BYTES);
  copySetupHeader(page);
  page.setU8(LOADER_TYPE, UNDEFINED_LOADER);
  page.setU32(LOADED_AT, u32(places.kernel));
  page.setU32(INITRD_ADDRESS, u32(places.initrd));
  page.setU32(INITRD_BYTES, u32(places.initrdBytes));
  page.setU32(COMMAND_LINE, u32(commandLine));
  const rsdp = rsdpAddress();
  page.setU64(ACPI_RSDP, u64(rsdp === 0n ? rsdpCopy : rsdp));
  writeMemoryMap(page, window(places.extension, places.extensionBytes));
  writeEfiInfo(page, window(places.efiMap, places.efiMapBytes));
  writeScreen(page);
}

function copySetupHeader(page: Bytes): void {
  requires(page.length === ZERO_PAGE_BYTES);
  const source = window(bootInfo.parts.at(GuestPart.kernel).start, SETUP_HEADER_LIMIT);
  const end = linuxImage.headerEnd;
  for (let offset: u32 = SETUP_HEADER; offset < end && offset < SETUP_HEADER_LIMIT; offset++)
    page.setU8(offset, source.u8(offset));
}
