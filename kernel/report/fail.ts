/** How start-up ends where it cannot go on: one line that says why, then a halt, or by an option UEFI firmware goes on. */
import { at, BOOL, haltForever, instance, struct } from '../../transpiler/lib/index.js';
import { leaveForFirmware } from '../handover/efiMemory.js';
import { stopWatchdog } from '../handover/efiWatchdog.js';
import { beginLine, endLine, print } from './console.js';
import { screenShowLog } from './textScreen.js';

/** What follows on UEFI, by the option refusal=. */
const Refusal = struct('Refusal', { size: 1 }, { firmwareGoesOn: at(0, BOOL) });
export const refusal = instance(Refusal);

/** Prints `text` as a line of its own and ends start-up. */
export function fail(text: string): never {
  beginLine();
  print(text);
  stop();
}

/** Ends the line that says why, and start-up with it. For reasons that are printed in parts. */
export function stop(): never {
  endLine();
  if (refusal.firmwareGoesOn) leaveForFirmware();
  halt();
}

/** The same where the firmware cannot go on, whatever the option says. */
export function standStill(): never {
  endLine();
  halt();
}

function halt(): never {
  screenShowLog();
  stopWatchdog();
  return haltForever();
}
