/** The last words: why the hypervisor cannot go on, its registers, and how it got there. */
import { haltForever } from '../../transpiler/lib/index.js';
import { beginLine, consoleReturnToUart, endLine, print } from './console.js';

/** Reports `reason` and ends, by halt or reset as the option `crash=` says. */
export function crash(reason: string): never {
  consoleReturnToUart();
  beginLine();
  print('crash: ');
  print(reason);
  endLine();
  return haltForever();
}
