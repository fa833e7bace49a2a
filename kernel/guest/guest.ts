/** Loads the guest of whichever kind was given. */
import { GuestPart, isGiven } from '../handover/bootInfo.js';
import { isEfiMachine } from '../handover/efiServices.js';
import { fail } from '../report/fail.js';
import type { ProcessorState } from '../vcpu/state.js';
import type { Registers } from '../vcpu/vcpu.js';
import { loadBiosGuest } from './bios/bios.js';
import { loadLinux } from './linux/linux.js';
import { loadMultiboot } from './multiboot/multiboot.js';
import { isMultibootImage } from './multiboot/multibootImage.js';

/** Loads the guest into memory, and sets in `state` and `registers` how the BSP starts it. */
export function loadGuest(state: ProcessorState, registers: Registers): void {
  if (isGiven(GuestPart.kernel)) loadKernel(state, registers);
  else if (isEfiMachine()) fail('no guest: give a kernel; there is no BIOS that could start one');
  else loadBiosGuest(state);
}

function loadKernel(state: ProcessorState, registers: Registers): void {
  if (isMultibootImage()) loadMultiboot(state, registers);
  else loadLinux(state, registers);
}
