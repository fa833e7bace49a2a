/** The order of start-up. */
import { addressOf, hpa, local, type Hpa, type u32 } from '../transpiler/lib/index.js';
import { readMultiboot } from './boot/multiboot.js';
import { GuestStart } from './guest/guestStart.js';
import { loadLinux } from './guest/linux.js';
import { countProcessors, readAcpi } from './machine/acpi.js';
import { loadDescriptors } from './machine/descriptors.js';
import { readMemoryMap, topOfMemory } from './machine/memoryMap.js';
import { ConsoleChoice, options, parseOptions } from './machine/options.js';
import { mappedEnd } from './memory/hostPaging.js';
import { readMtrrs } from './memory/mtrr.js';
import { buildNestedTables } from './memory/nestedPaging.js';
import { moveToRegion, region } from './memory/region.js';
import { imageAddress, svmRun } from './platform.js';
import { consoleForgetUart, consoleLeaveUart, consoleStart, endLine, print } from './report/console.js';
import { fail } from './report/fail.js';
import { svmCheck } from './svm/capability.js';
import { svmEntryFormat } from './svm/entryFormat.js';
import { svmPrepare } from './svm/start.js';
import { startClock } from './time/clock.js';
import { vcpus } from './vcpu/vcpu.js';

/** `magic` and `info` are what the boot loader left in EAX and EBX. */
export function start(magic: u32, info: Hpa): never {
  consoleStart();
  loadDescriptors();
  readMultiboot(magic, info);
  chooseConsole();
  svmCheck();
  readAcpi();
  requireOneProcessor();
  startClock();
  readMemoryMap();
  readMtrrs();
  moveToRegion();
  startGuest();
}

function chooseConsole(): void {
  parseOptions();
  if (options.console === ConsoleChoice.none) consoleForgetUart();
}

function requireOneProcessor(): void {
  if (countProcessors() > 1) fail('more than one processor: this version can hold one only');
}

function startGuest(): never {
  const start = local(GuestStart);
  const vcpu = vcpus.at(0);
  const readableEnd = hpa(mappedEnd(topOfMemory()));
  const tables = buildNestedTables(svmEntryFormat(), region.start, region.bytes, readableEnd);
  loadLinux(start);
  svmPrepare(vcpu, tables, start);
  print('starting the guest');
  endLine();
  consoleLeaveUart();
  return svmRun(imageAddress(addressOf(vcpu)));
}
