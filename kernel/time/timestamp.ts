/**
 * The time-stamp counter as if it had never been written. The guest may write it; the processor then adds the
 * difference to IA32_TSC_ADJUST as well (SDM 3B 17.17.3), so subtracting that register undoes the write. On processors
 * without the register, a guest that writes the counter stops the hypervisor's time or makes it jump.
 */
import { at, BOOL, cpuid, instance, rdmsr, rdtsc, struct, u32, u64 } from '../../transpiler/lib/index.js';
import { Leaf } from '../x86/cpuid.js';

const TSC_ADJUST = 0x3b;
/** CPUID.07H:EBX[1]: the processor has IA32_TSC_ADJUST (SDM 2A). */
const EBX_TSC_ADJUST = 1 << 1;

const Timestamp = struct('Timestamp', { size: 1 }, { isAdjusted: at(0, BOOL) });
const timestamp = instance(Timestamp);

/** Finds out whether the processor has IA32_TSC_ADJUST. */
export function startTimestamp(): void {
  const last = cpuid(Leaf.vendor, 0);
  const features = cpuid(Leaf.structuredFeatures, 0);
  timestamp.isAdjusted = last.eax >= Leaf.structuredFeatures && u32(features.ebx & EBX_TSC_ADJUST) !== 0;
}

/** The counter without the adjustments of writes to it. */
export function readTimestamp(): u64 {
  return timestamp.isAdjusted ? u64(rdtsc() - rdmsr(TSC_ADJUST)) : rdtsc();
}
