/** Begins and ends the last report of a hypervisor that cannot go on. */
import { haltForever } from '../../transpiler/lib/index.js';
import { CrashAction, options } from '../machine/options.js';
import { claimEnd } from '../x86/end.js';
import { beginLine, consoleReturnToUart, endLine, print } from '../report/console.js';
import { seizeConsole } from '../report/consoleLock.js';
import { printEvents } from '../report/printEvents.js';
import { resetMachine } from '../report/reset.js';
import { stopOthers } from './stopOthers.js';
import { screenShowLog } from '../report/textScreen.js';

/**
 * Begins the line that says what happened. Does not return if a processor, this one or another, has already crashed.
 */
export function beginCrash(): void {
  beginEnd();
  print('crash: ');
}

/** Ends the node: stops all other processors, takes the console, and begins a line of the last report. */
export function beginEnd(): void {
  claimEnd();
  stopOthers();
  seizeConsole();
  consoleReturnToUart();
  printEvents();
  beginLine();
}

/** Halts or resets the machine, as the option `crash=` says. */
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
  screenShowLog();
  return haltForever();
}
