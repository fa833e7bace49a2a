/** How start-up ends where it cannot go on: one line that says why, then a halt, or the way back to UEFI firmware. */
import { haltForever } from '../../transpiler/lib/index.js';
import { leaveForFirmware } from '../boot/efiMemory.js';
import { beginLine, endLine, print } from './console.js';

/** Prints `text` as a line of its own and ends start-up. */
export function fail(text: string): never {
  beginLine();
  print(text);
  stop();
}

/** Ends the line that says why, and start-up with it. For reasons that are printed in parts. */
export function stop(): never {
  endLine();
  leaveForFirmware();
  return haltForever();
}
