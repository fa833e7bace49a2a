/** Start-up in order, if UEFI firmware starts the image as an application. */
import { at, hpa, HPA, instance, struct, type Hpa, type u64 } from '../transpiler/lib/index.js';
import { readEmbeddedBundle } from './boot/boot.js';
import { bootInfo, GuestPart, isGiven } from './handover/bootInfo.js';
import { closeFirmware, firmwareRsdp, openFirmware } from './boot/efi/efi.js';
import { readOfferedBundle } from './boot/efi/bundle.js';
import { codeSelector, copyImage, efiVirtualize } from './handover/efiCalls.js';
import { readLoadOptions } from './boot/efi/loadOptions.js';
import { readFirmwareMap } from './boot/efi/map.js';
import { EfiMemory, keepReserved, takeAlignedPages } from './handover/efiMemory.js';
import { isPresent } from './run/efiPresence.js';
import { checkFirmwareProcessors, virtualizeOthers } from './run/efiProcessors.js';
import { readSecureBoot } from './boot/efi/secureBoot.js';
import { EFI_NOT_STARTED } from './handover/efiTables.js';
import { ownCmos } from './devices/cmos/mediator.js';
import { ownSleep } from './devices/sleep/mediator.js';
import { publishStatistics } from './exits/statistics.js';
import { startEfiGuest } from './guest/efi/efi.js';
import { readAcpi } from './machine/acpi.js';
import { checkFirmwareLocks } from './machine/firmwareLocks.js';
import { loadDescriptors, loadGates } from './x86/descriptors.js';
import { FOUR_GIB, PAGE_BYTES } from './x86/pages.js';
import { readProcessors } from './machine/madt.js';
import { readMemoryMap, topOfMemory } from './machine/memoryMap.js';
import { chooseConsole } from './main.js';
import { mappedEnd } from './space/hostPaging.js';
import { readMtrrs } from './paging/mtrr.js';
import { buildNestedTables, nestedRoot } from './space/nestedPaging.js';
import { failForMemory, region, REGION_ALIGN, regionBytes, takeRegion } from './space/region.js';
import { consoleLeaveUart, consoleStart } from './report/console.js';
import { fail } from './report/fail.js';
import { startClock } from './time/clock.js';
import { completeSegments } from './vcpu/capturedState.js';
import { ownVcpu } from './vcpu/processors.js';
import { useProcessor } from './run/start.js';
import type { ProcessorState } from './vcpu/state.js';
import {
  announceApic,
  chooseVendor,
  interceptApic,
  nestedEntryFormat,
  prepareVcpu,
  runVcpu,
  startTimer,
} from './run/vendor.js';

const Tables = struct('HostTables', { size: 8 }, { host: at(0, HPA) });
/** Address of the hypervisor's own page tables. */
const tables = instance(Tables);

/**
 * Starts the hypervisor under the firmware. `image` is the handle of this image. From efiVirtualize() on, the firmware
 * is the guest, and so is the rest of this function. Returns a status to the firmware.
 */
export function startEfi(image: u64, systemTable: Hpa): u64 {
  consoleStart();
  loadGates(codeSelector());
  openFirmware(image, systemTable);
  if (isPresent()) return EFI_NOT_STARTED;
  readSecureBoot();
  readLoadOptions();
  readEmbeddedBundle();
  chooseConsole();
  if (!isGiven(GuestPart.kernel)) readOfferedBundle();
  chooseVendor();
  bootInfo.rsdp = firmwareRsdp();
  readAcpi();
  ownCmos();
  ownSleep();
  readProcessors();
  checkFirmwareProcessors();
  startClock();
  checkFirmwareLocks();
  readFirmwareMap();
  readMemoryMap();
  readMtrrs();
  announceApic();
  settle();
  keepReserved();
  virtualizeOthers(tables.host);
  efiVirtualize(tables.host);
  return startEfiGuest();
}

/** Prepares the hypervisor in memory that the firmware gives up for good. */
function settle(): void {
  const format = nestedEntryFormat();
  const bytes = regionBytes(format);
  const start = takeAlignedPages(EfiMemory.reserved, bytes / PAGE_BYTES, FOUR_GIB, REGION_ALIGN);
  if (start === 0n) failForMemory(bytes);
  tables.host = takeRegion(start, bytes);
  buildNestedTables(format, region.start, region.bytes, hpa(mappedEnd(topOfMemory())));
  publishStatistics();
  interceptApic();
  copyImage(start);
}

/**
 * Enters the hypervisor on one processor, in the hypervisor's own memory. `state` is the state of the firmware, which
 * continues as the guest.
 */
export function onVirtualize(state: ProcessorState): never {
  closeFirmware();
  consoleLeaveUart();
  loadDescriptors();
  const vcpu = ownVcpu();
  if (vcpu === null) fail('a processor that ACPI does not list');
  completeSegments(state);
  useProcessor(vcpu);
  prepareVcpu(vcpu, nestedRoot(), state);
  if (vcpu.number === 0) startTimer(vcpu);
  vcpu.isPrepared = true;
  vcpu.mailbox.isReady = 1;
  return runVcpu(vcpu);
}
