/** Start-up in order, for all boot loaders but UEFI firmware (mainEfi.ts). */
import { hpa, local, type Hpa, type u32 } from '../transpiler/lib/index.js';
import { readBootInfo } from './boot/boot.js';
import { ownCmos } from './devices/cmos/mediator.js';
import { ownSleep } from './devices/sleep/mediator.js';
import { refuseSecondStart } from './guest/bios/bios.js';
import { publishStatistics } from './exits/statistics.js';
import { loadGuest } from './guest/guest.js';
import { readAcpi } from './machine/acpi.js';
import { readProcessors } from './machine/madt.js';
import { checkFirmwareLocks } from './machine/firmwareLocks.js';
import { loadDescriptors } from './x86/descriptors.js';
import { readMemoryMap, topOfMemory } from './machine/memoryMap.js';
import { ConsoleChoice, options, parseOptions } from './machine/options.js';
import { mappedEnd, unmapTrampoline } from './space/hostPaging.js';
import { readMtrrs } from './paging/mtrr.js';
import { buildNestedTables } from './space/nestedPaging.js';
import { moveToRegion, region } from './space/region.js';
import { consoleForgetUart, consoleLeaveUart, consoleStart, endLine, print } from './report/console.js';
import { screenLeave, screenTake } from './report/textScreen.js';
import { startClock } from './time/clock.js';
import { ProcessorState } from './vcpu/state.js';
import { vcpuOf } from './vcpu/processors.js';
import { startProcessors, useProcessor } from './run/start.js';
import { clearTrampoline, hideTrampoline } from './space/trampoline.js';
import {
  announceApic,
  chooseVendor,
  interceptApic,
  keepsTrampoline,
  nestedEntryFormat,
  prepareVcpu,
  runVcpu,
  startTimer,
} from './run/vendor.js';

/** Starts the hypervisor and its guest. `magic` and `info` are EAX and EBX as the boot loader left them. */
export function start(magic: u32, info: Hpa): never {
  consoleStart();
  screenTake();
  loadDescriptors();
  readBootInfo(magic, info);
  chooseConsole();
  refuseSecondStart();
  chooseVendor();
  readAcpi();
  ownCmos();
  ownSleep();
  readProcessors();
  startClock();
  checkFirmwareLocks();
  readMemoryMap();
  readMtrrs();
  announceApic();
  moveToRegion(nestedEntryFormat());
  startGuest();
}

export function chooseConsole(): void {
  parseOptions();
  if (options.console !== ConsoleChoice.none) return;
  consoleForgetUart();
  screenLeave();
}

function startGuest(): never {
  const state = local(ProcessorState);
  const vcpu = vcpuOf(0);
  const readableEnd = hpa(mappedEnd(topOfMemory()));
  const tables = buildNestedTables(nestedEntryFormat(), region.start, region.bytes, readableEnd);
  publishStatistics();
  useProcessor(vcpu);
  interceptApic();
  if (keepsTrampoline()) hideTrampoline();
  startProcessors();
  if (!keepsTrampoline()) freeTrampoline();
  loadGuest(state, vcpu.registers);
  prepareVcpu(vcpu, tables, state);
  print('starting the guest');
  endLine();
  startTimer(vcpu);
  consoleLeaveUart();
  screenLeave();
  return runVcpu(vcpu);
}

/** Gives the trampoline page to the guest: no processor will start there again. */
function freeTrampoline(): void {
  clearTrampoline();
  unmapTrampoline();
}
