/** What the firmware does as a guest: it starts another image, or goes on with what it had to do. */
import type { u64 } from '../../transpiler/lib/index.js';
import { EFI_SUCCESS } from '../boot/efiTables.js';
import { endLine, print } from '../report/console.js';

/** Returns the status with which the hypervisor's own image ends. */
export function startEfiGuest(): u64 {
  print('the firmware goes on as the guest');
  endLine();
  return EFI_SUCCESS;
}
