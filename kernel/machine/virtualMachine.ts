import { cpuid, u32 } from '../../transpiler/lib/index.js';

/** CPUID 1, ECX[31], which no processor sets by itself. */
const FEATURES = 1;
const ECX_HYPERVISOR = 0x8000_0000;

/** Whether this machine is a virtual one, or an emulator that says so: what it has of a processor may not be all. */
export function isVirtualMachine(): boolean {
  const features = cpuid(FEATURES, 0);
  return u32(features.ecx & ECX_HYPERVISOR) !== 0;
}
