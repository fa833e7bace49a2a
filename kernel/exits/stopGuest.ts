/** The end of a guest that cannot go on. */
import { haltForever, type u64 } from '../../transpiler/lib/index.js';
import { options, TripleFaultAction } from '../machine/options.js';
import { beginLine, consoleReturnToUart, endLine, print, printHex, takeConsole } from '../report/console.js';
import { resetMachine } from '../report/reset.js';

/** Says why on the console and in the log, then resets or halts as the option `triple-fault=` says. */
export function stopGuest(reason: string, rip: u64): never {
  takeConsole();
  consoleReturnToUart();
  beginLine();
  print(reason);
  print(' at ');
  printHex(rip);
  endLine();
  if (options.tripleFault === TripleFaultAction.reset) return resetMachine();
  return haltForever();
}
