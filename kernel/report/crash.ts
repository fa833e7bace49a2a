/** The last words of the hypervisor. */
import { at, BOOL, haltForever, instance, struct, type u64 } from '../../transpiler/lib/index.js';
import { CrashAction, options } from '../machine/options.js';
import { framePointer } from '../platform.js';
import { printBacktrace } from './backtrace.js';
import { beginLine, consoleReturnToUart, endLine, print, printHex } from './console.js';
import { resetMachine } from './reset.js';

const Crash = struct('Crash', { size: 1 }, { begun: at(0, BOOL) });
const state = instance(Crash);

/** Reports `reason` and how it came to it, and ends. For what cannot happen unless the hypervisor is wrong. */
export function crash(reason: string): never {
  beginCrash();
  print(reason);
  endLine();
  printBacktrace(framePointer());
  endCrash();
}

/** Takes the console and begins the line that says what happened. A crash during a crash ends here. */
export function beginCrash(): void {
  if (state.begun) haltForever();
  state.begun = true;
  consoleReturnToUart();
  beginLine();
  print('crash: ');
}

/** Halts or resets, as the option `crash=` says. */
export function endCrash(): never {
  beginLine();
  const action = options.crash;
  if (action === CrashAction.reset) {
    print('resetting');
    endLine();
    resetMachine();
  }
  print('halted');
  endLine();
  return haltForever();
}

/** Prints a register within a line. */
export function printRegister(name: string, value: u64): void {
  print('  ');
  print(name);
  print(' ');
  printHex(value);
}
