/** The lines that name the module with which start-up cannot go on. */
import { u64, type u32 } from '../../transpiler/lib/index.js';
import { beginLine, print, printBytes, printDecimal } from '../report/console.js';
import { stop } from '../report/fail.js';
import { bootInfo, MAX_MODULES, moduleName } from './bootInfo.js';

/** Ends start-up with `module 0 (vmlinuz): reason`. */
export function refuseModule(index: u32, reason: string): never {
  beginModuleLine(index);
  print(reason);
  stop();
}

/** Begins a line with `module 0 (vmlinuz): `. */
export function beginModuleLine(index: u32): void {
  beginLine();
  print('module ');
  printDecimal(u64(index));
  if (index < MAX_MODULES) {
    const name = moduleName(bootInfo.modules.at(index));
    if (name.length > 0) {
      print(' (');
      printBytes(name);
      print(')');
    }
  }
  print(': ');
}
