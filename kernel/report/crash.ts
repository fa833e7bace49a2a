/** The first and the last words of a report that the hypervisor cannot go on. */
import { at, BOOL, haltForever, instance, struct } from '../../transpiler/lib/index.js';
import { CrashAction, options } from '../machine/options.js';
import { beginLine, consoleReturnToUart, endLine, print, takeConsole } from './console.js';
import { resetMachine } from './reset.js';
import { screenShowLog } from './textScreen.js';

const Crash = struct('Crash', { size: 1 }, { begun: at(0, BOOL) });
const state = instance(Crash);

/** Takes the console and begins the line that says what happened. A crash during a crash ends here. */
export function beginCrash(): void {
  if (state.begun) haltForever();
  state.begun = true;
  takeConsole();
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
  screenShowLog();
  return haltForever();
}
