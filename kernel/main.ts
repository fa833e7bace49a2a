/** The order of start-up. */
import type { Hpa, u32 } from '../transpiler/lib/index.js';
import { readMultiboot } from './boot/multiboot.js';
import { countProcessors, readAcpi } from './machine/acpi.js';
import { loadDescriptors } from './machine/descriptors.js';
import { readMemoryMap } from './machine/memoryMap.js';
import { ConsoleChoice, options, parseOptions } from './machine/options.js';
import { readMtrrs } from './memory/mtrr.js';
import { moveToRegion } from './memory/region.js';
import { consoleForgetUart, consoleStart, endLine, print } from './report/console.js';
import { fail } from './report/fail.js';
import { svmCheck } from './svm/capability.js';

/** `magic` and `info` are what the boot loader left in EAX and EBX. Does not return. */
export function start(magic: u32, info: Hpa): never {
  consoleStart();
  loadDescriptors();
  readMultiboot(magic, info);
  chooseConsole();
  greet();
  svmCheck();
  readAcpi();
  requireOneProcessor();
  readMemoryMap();
  readMtrrs();
  moveToRegion();
  fail('start-up ends here');
}

function chooseConsole(): void {
  parseOptions();
  if (options.console === ConsoleChoice.none) consoleForgetUart();
}

function greet(): void {
  print('starting');
  endLine();
}

function requireOneProcessor(): void {
  if (countProcessors() > 1) fail('more than one processor: this version can hold one only');
}
