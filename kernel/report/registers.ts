/** Prints registers in a crash report. */
import type { u64 } from '../../transpiler/lib/index.js';
import { beginLine, endLine, print, printHex } from './console.js';

/** Prints a line of three registers. */
export function printRow(name1: string, value1: u64, name2: string, value2: u64, name3: string, value3: u64): void {
  beginLine();
  printRegister(name1, value1);
  printRegister(name2, value2);
  printRegister(name3, value3);
  endLine();
}

/** Prints one register within a line. */
export function printRegister(name: string, value: u64): void {
  print('  ');
  print(name);
  print(' ');
  printHex(value);
}
