import { ApicChoice, options } from '../machine/options.js';
import { endLine, print } from '../report/console.js';

/**
 * Does nothing but print a note about the option `apic=`: on VT-x an INIT or SIPI always causes a VM exit (SDM 3C
 * 25.2), so the local APIC need not be intercepted.
 */
export function vmxLeaveApic(): void {
  if (options.apic === ApicChoice.auto) return;
  print('apic= has no effect on VT-x: INIT and SIPI always cause VM exits, and writes to the local APIC never do');
  endLine();
}
