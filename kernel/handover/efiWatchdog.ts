/** The firmware's watchdog, which resets the machine where an application does not come back for minutes. */
import { bootServices, firmware } from './efiServices.js';
import { efiCall } from './efiCalls.js';

/** UEFI Specification 2.10, 7.5. */
const OFF = 0n;

/** Switches it off, so that a machine that stands still stays so. */
export function stopWatchdog(): void {
  if (firmware.bootServices === 0n) return;
  efiCall(bootServices().setWatchdogTimer, OFF, 0n, 0n, 0n, 0n, 0n, 0n);
}
