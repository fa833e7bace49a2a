/**
 * Ends start-up when it cannot go on: prints one line with the reason, then halts, or returns to UEFI firmware if the
 * option says so.
 */
import { at, BOOL, haltForever, instance, struct } from '../../transpiler/lib/index.js';
import { leaveForFirmware } from '../handover/efiMemory.js';
import { stopWatchdog } from '../handover/efiWatchdog.js';
import { beginLine, endLine, print } from './console.js';
import { screenShowLog } from './textScreen.js';

/** What happens on UEFI when start-up fails, from the option refusal=. */
const Refusal = struct('Refusal', { size: 1 }, { firmwareGoesOn: at(0, BOOL) });
export const refusal = instance(Refusal);

/** Prints `text` as a line of its own and ends start-up. */
export function fail(text: string): never {
  beginLine();
  print(text);
  stop();
}

/** Ends the line that gives the reason, and then start-up. For reasons that are printed in parts. */
export function stop(): never {
  endLine();
  if (refusal.firmwareGoesOn) leaveForFirmware();
  halt();
}

/** Ends the line and halts, whatever the option refusal= says: the firmware cannot continue here. */
export function standStill(): never {
  endLine();
  halt();
}

function halt(): never {
  screenShowLog();
  stopWatchdog();
  return haltForever();
}
