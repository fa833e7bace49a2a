/**
 * The time-stamp counter, which is the guest's to set, as if nobody had set it: whatever a write adds to the counter, the
 * processor adds to IA32_TSC_ADJUST, too (SDM 3B 17.17.3). On processors without that a guest that sets it stops the
 * hypervisor's time, or lets it leap.
 */
import { at, BOOL, cpuid, instance, rdmsr, rdtsc, struct, u32, u64 } from '../../transpiler/lib/index.js';

const TSC_ADJUST = 0x3b;
/** CPUID 7, EBX[1] (SDM 2A): the register exists. */
const MORE_FEATURES = 7;
const EBX_TSC_ADJUST = 1 << 1;

const Timestamp = struct('Timestamp', { size: 1 }, { isAdjusted: at(0, BOOL) });
const timestamp = instance(Timestamp);

/** Finds out what the processor has. */
export function startTimestamp(): void {
  const last = cpuid(0, 0);
  const features = cpuid(MORE_FEATURES, 0);
  timestamp.isAdjusted = last.eax >= MORE_FEATURES && u32(features.ebx & EBX_TSC_ADJUST) !== 0;
}

/** The counter, less what was added to it. */
export function readTimestamp(): u64 {
  return timestamp.isAdjusted ? u64(rdtsc() - rdmsr(TSC_ADJUST)) : rdtsc();
}
