/** Ends a guest that cannot continue. */
import { haltForever, type u64 } from '../../transpiler/lib/index.js';
import { options, TripleFaultAction } from '../machine/options.js';
import { endLine, print, printHex } from '../report/console.js';
import { beginEnd } from '../crash/crash.js';
import { resetMachine } from '../report/reset.js';

/**
 * Prints the reason on the console and in the log, then resets the machine or halts all processors, as the option
 * `triple-fault=` says.
 */
export function stopGuest(reason: string, rip: u64): never {
  beginEnd();
  print(reason);
  print(' at ');
  printHex(rip);
  endLine();
  if (options.tripleFault === TripleFaultAction.reset) return resetMachine();
  return haltForever();
}
