/** Chooses what the firmware does as the guest: it starts another image, or continues its own boot. */
import type { u64 } from '../../../transpiler/lib/index.js';
import { GuestPart, isGiven } from '../../handover/bootInfo.js';
import { EFI_NOT_STARTED } from '../../handover/efiTables.js';
import { chainedFile } from '../../machine/options.js';
import { endLine, print } from '../../report/console.js';
import { startChained } from './chain.js';
import { startKernel } from './kernel.js';

/**
 * Starts the guest. Returns the status with which the hypervisor's own image ends. After a success the firmware's boot
 * manager would show its menu; after another status it continues with the next boot option (UEFI 2.10, 3.1.2).
 */
export function startEfiGuest(): u64 {
  if (isGiven(GuestPart.kernel)) startKernel();
  const chained = chainedFile();
  if (chained.length > 0) return startChained(chained);
  print('the firmware goes on as the guest');
  endLine();
  return EFI_NOT_STARTED;
}
