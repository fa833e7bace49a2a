/** The order of start-up where UEFI firmware starts the image as an application. */
import { at, hpa, HPA, instance, struct, type Hpa, type u64 } from '../transpiler/lib/index.js';
import { bootInfo } from './boot/bootInfo.js';
import { closeFirmware, firmwareRsdp, openFirmware } from './boot/efi.js';
import { copyImage, efiVirtualize } from './boot/efiCalls.js';
import { readLoadOptions } from './boot/efiLoadOptions.js';
import { readFirmwareMap } from './boot/efiMap.js';
import { EfiMemory, takeAlignedPages } from './boot/efiMemory.js';
import { startEfiGuest } from './guest/efi.js';
import { watchApic } from './exits/apic.js';
import { readAcpi } from './machine/acpi.js';
import { loadDescriptors } from './machine/descriptors.js';
import { readProcessors } from './machine/madt.js';
import { readMemoryMap, topOfMemory } from './machine/memoryMap.js';
import { chooseConsole } from './main.js';
import { PAGE_BYTES } from './memory/allocator.js';
import { mappedEnd } from './memory/hostPaging.js';
import { readMtrrs } from './memory/mtrr.js';
import { buildNestedTables } from './memory/nestedPaging.js';
import { failForMemory, FOUR_GIB, region, REGION_ALIGN, regionBytes, takeRegion } from './memory/region.js';
import { consoleLeaveUart, consoleStart } from './report/console.js';
import { startClock } from './time/clock.js';
import { completeSegments } from './vcpu/capturedState.js';
import type { ProcessorState } from './vcpu/state.js';
import { vcpuOf } from './vcpu/processors.js';
import { useProcessor } from './vcpu/start.js';
import { chooseVendor, nestedEntryFormat, prepareVcpu, runVcpu } from './vcpu/vendor.js';

const Tables = struct('Tables', { size: 16 }, { host: at(0, HPA), nested: at(8, HPA) });
/** The hypervisor's own page tables and the second-level ones. */
const tables = instance(Tables);

/**
 * `image` is the handle of this image. Once the processors are virtual ones, the firmware is the guest, and so is what
 * this function does from there on. Returns a status to the firmware.
 */
export function startEfi(image: u64, systemTable: Hpa): u64 {
  consoleStart();
  openFirmware(image, systemTable);
  readLoadOptions();
  chooseConsole();
  chooseVendor();
  bootInfo.rsdp = firmwareRsdp();
  readAcpi();
  readProcessors();
  startClock();
  readFirmwareMap();
  readMemoryMap();
  readMtrrs();
  settle();
  efiVirtualize(tables.host);
  return startEfiGuest();
}

/** Makes the hypervisor ready in memory that the firmware gives for good. */
function settle(): void {
  const format = nestedEntryFormat();
  const bytes = regionBytes(format);
  const start = takeAlignedPages(EfiMemory.reserved, bytes / PAGE_BYTES, FOUR_GIB, REGION_ALIGN);
  if (start === 0n) failForMemory(bytes);
  tables.host = takeRegion(start, bytes);
  tables.nested = buildNestedTables(format, region.start, region.bytes, hpa(mappedEnd(topOfMemory())));
  watchApic();
  copyImage(start);
}

/** Where a processor enters the hypervisor, which lies in its own memory now. `state` is what the firmware left. */
export function onVirtualize(state: ProcessorState): never {
  const vcpu = vcpuOf(0);
  closeFirmware();
  consoleLeaveUart();
  loadDescriptors();
  completeSegments(state);
  useProcessor(vcpu);
  prepareVcpu(vcpu, tables.nested, state);
  return runVcpu(vcpu);
}
