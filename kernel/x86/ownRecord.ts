/** What a processor knows of itself while the hypervisor runs on it. */
import { hpa, rdmsr, u64, type Hpa } from '../../transpiler/lib/index.js';
import { DIRECT } from './platform.js';
import { GS_BASE } from './registers.js';

/** Where the record of the processor is that runs this (vcpu/vcpu.ts): its GS base leads there. 0 before it has one. */
export function ownRecord(): Hpa {
  const base = rdmsr(GS_BASE);
  return hpa(base < DIRECT ? 0n : u64(base - DIRECT));
}
