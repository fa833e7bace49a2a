import { at, BOOL, cpuid, instance, struct, u32 } from '../../transpiler/lib/index.js';

/** CPUID 1, ECX[31], which no processor sets by itself. */
const FEATURES = 1;
const ECX_HYPERVISOR = 0x8000_0000;

const Answer = struct('VirtualMachine', { size: 2 }, { isKnown: at(0, BOOL), isVirtual: at(1, BOOL) });
const answer = instance(Answer);

/**
 * Whether this machine is a virtual one, or an emulator that says so: what it has of a processor may not be all. The
 * processor is asked once, at start: a guest may be able to change what CPUID says.
 */
export function isVirtualMachine(): boolean {
  if (!answer.isKnown) {
    const features = cpuid(FEATURES, 0);
    answer.isVirtual = u32(features.ecx & ECX_HYPERVISOR) !== 0;
    answer.isKnown = true;
  }
  return answer.isVirtual;
}
