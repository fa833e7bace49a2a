/** The boot loaders that can start the hypervisor, told apart by what they leave in a register. */
import type { Hpa, u32 } from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { MULTIBOOT_MAGIC, readMultiboot } from './multiboot.js';

/** Copies what the boot loader said at `info` into `bootInfo`. Stops where it says nonsense. */
export function readBootInfo(magic: u32, info: Hpa): void {
  switch (magic) {
    case MULTIBOOT_MAGIC:
      readMultiboot(info);
      return;
    default:
      fail('not started by a boot loader that it knows: Multiboot, Multiboot 2, Linux or EFI');
  }
}
