/** Bits of VM_CR (APM 2, 15.30.1) that the hypervisor sets on each processor before a guest runs there. */
import { tryRdmsr, tryWrmsr, type u64 } from '../../../transpiler/lib/index.js';
import { VM_CR } from './registers.js';

/**
 * Ignores A20M#, the signal that clears address line 20. QEMU does not keep this bit, so there the line can be cleared;
 * that changes none of the hypervisor's own addresses (memory/allocator.ts).
 */
export const VM_CR_DIS_A20M = 1n << 2n;

/** Sets `bits` on this processor. Returns those that read back as set: emulators and other hypervisors lack some. */
export function setVmCr(bits: u64): u64 {
  const present = tryRdmsr(VM_CR);
  if (present.faulted || !tryWrmsr(VM_CR, present.value | bits)) return 0n;
  const after = tryRdmsr(VM_CR);
  return after.value & bits;
}
