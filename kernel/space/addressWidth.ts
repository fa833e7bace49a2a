/** The end of physical addresses. */
import { cpuid, min32, tryRdmsr, u32, u64 } from '../../transpiler/lib/index.js';
import { Leaf } from '../x86/cpuid.js';

/** CPUID 8000_0008H, EAX[7:0]: number of physical address bits (APM 3, E.4.7). Four levels translate 48. */
const MOST_BITS = 48;
/** CPUID 8000_001FH, EBX[5:0]: the address bit that selects encryption (APM 3, E.4.17). */
const HAS_ENCRYPTION = 1;
/**
 * CPUID.07H:ECX[13]: the MSR TME_ACTIVATE exists. Its bits 35:32 are the number of address bits that select a key (SDM
 * 4, 982H).
 */
const HAS_TME = 1 << 13;
const TME_ACTIVATE = 0x982;

/**
 * The end of the guest-physical address space. It excludes address bits that select memory encryption: with them the
 * guest would reach hidden memory by aliases.
 */
export function addressSpaceEnd(): u64 {
  const sizes = cpuid(Leaf.addressSizes, 0);
  const width = u32(sizes.eax & 0xff);
  const bits = min32(min32(width - min32(width, keyBits()), encryptionBit()), MOST_BITS);
  return 1n << u64(bits);
}

function encryptionBit(): u32 {
  const last = cpuid(Leaf.lastExtended, 0);
  if (last.eax < Leaf.memoryEncryption) return MOST_BITS;
  const encryption = cpuid(Leaf.memoryEncryption, 0);
  return u32(encryption.eax & HAS_ENCRYPTION) !== 0 ? encryption.ebx & 0x3f : MOST_BITS;
}

function keyBits(): u32 {
  const last = cpuid(Leaf.vendor, 0);
  if (last.eax < Leaf.structuredFeatures) return 0;
  const features = cpuid(Leaf.structuredFeatures, 0);
  if (u32(features.ecx & HAS_TME) === 0) return 0;
  const activation = tryRdmsr(TME_ACTIVATE);
  return u32(activation.value >> 32n) & 0xf;
}
