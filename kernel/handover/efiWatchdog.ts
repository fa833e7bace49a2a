/** The firmware's watchdog resets the machine if an application does not return for minutes. */
import { bootServices, firmware } from './efiServices.js';
import { efiCall } from './efiCalls.js';

/** A timeout of 0 disables the watchdog (UEFI Specification 2.10, 7.5). */
const OFF = 0n;

/** Disables the watchdog, so that a halted machine stays halted. */
export function stopWatchdog(): void {
  if (firmware.bootServices === 0n) return;
  efiCall(bootServices().setWatchdogTimer, OFF, 0n, 0n, 0n, 0n, 0n, 0n);
}
