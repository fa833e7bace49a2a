import { at, BOOL, cpuid, instance, struct, u32 } from '../../transpiler/lib/index.js';
import { Leaf } from './cpuid.js';

/** CPUID.01H:ECX[31]: clear on every real processor. */
const ECX_HYPERVISOR = 0x8000_0000;

const Answer = struct('VirtualMachine', { size: 2 }, { isKnown: at(0, BOOL), isVirtual: at(1, BOOL) });
const answer = instance(Answer);

/**
 * Whether this machine is a virtual one, or an emulator that says so, whose processor may lack features. CPUID is asked
 * once, at start-up, since a guest may later change what it returns.
 */
export function isVirtualMachine(): boolean {
  if (!answer.isKnown) {
    const features = cpuid(Leaf.features, 0);
    answer.isVirtual = u32(features.ecx & ECX_HYPERVISOR) !== 0;
    answer.isKnown = true;
  }
  return answer.isVirtual;
}
