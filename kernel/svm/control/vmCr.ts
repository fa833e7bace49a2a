/** VM_CR (APM 2, 15.30.1): what the hypervisor sets in it on each processor before that runs a guest. */
import { tryRdmsr, tryWrmsr, type u64 } from '../../../transpiler/lib/index.js';
import { VM_CR } from './registers.js';

/**
 * Address line 20 has no effect on this processor. Where the bit does not stick, as in QEMU, the line can be closed; that
 * changes none of the hypervisor's own addresses (memory/allocator.ts).
 */
export const VM_CR_DIS_A20M = 1n << 2n;

/** Sets `bits` on this processor. Returns those of them that read back as set: emulators, and hypervisors below, lack some. */
export function setVmCr(bits: u64): u64 {
  const present = tryRdmsr(VM_CR);
  if (present.faulted || !tryWrmsr(VM_CR, present.value | bits)) return 0n;
  const after = tryRdmsr(VM_CR);
  return after.value & bits;
}
