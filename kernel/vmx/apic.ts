import { ApicChoice, options } from '../machine/options.js';
import { endLine, print } from '../report/console.js';

/** On VT-x an INIT or SIPI leaves the guest by itself (SDM 3C 25.2), so the local APIC need not be watched. */
export function vmxLeaveApic(): void {
  if (options.apic === ApicChoice.auto) return;
  print('apic= has no effect on VT-x: INIT and SIPI always leave the guest, the local APIC never does');
  endLine();
}
