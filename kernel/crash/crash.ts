/** The first and the last words of a report that the hypervisor cannot go on. */
import { haltForever } from '../../transpiler/lib/index.js';
import { CrashAction, options } from '../machine/options.js';
import { claimEnd } from '../x86/end.js';
import { beginLine, consoleReturnToUart, endLine, print, seizeConsole } from '../report/console.js';
import { resetMachine } from '../report/reset.js';
import { stopOthers } from './stopOthers.js';
import { screenShowLog } from '../report/textScreen.js';

/** Begins the line that says what happened. A second crash, on this processor or another one, ends here. */
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
  beginLine();
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
  screenShowLog();
  return haltForever();
}
