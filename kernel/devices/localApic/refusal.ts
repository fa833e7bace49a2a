import { u64, type u32 } from '../../../transpiler/lib/index.js';
import { endLine, print, printHex } from '../../report/console.js';
import { beginEnd } from '../../crash/crash.js';
import { resetMachine } from '../../report/reset.js';

/**
 * Resets the machine, because the guest has sent an INIT, by `command` to `destination`, to the BSP. On a bare machine
 * the firmware would start again.
 */
export function refuseInit(command: u32, destination: u32, rip: u64): never {
  beginEnd();
  print('the guest sent INIT to the processor that it started on, command ');
  printHex(u64(command));
  print(' to ');
  printHex(u64(destination));
  print(' at ');
  printHex(rip);
  print(': resetting the machine');
  endLine();
  return resetMachine();
}
