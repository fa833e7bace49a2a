/**
 * CPUID (SDM 2A): the guest sees the processor, less what the hypervisor uses or what would escape it. What never changes
 * is asked once; the rest is asked each time, because the guest can change it by registers that are its own.
 */
import { at, cpuid, struct, u32, U32, type Ref, type u64 } from '../../transpiler/lib/index.js';

export const CpuidAnswer = struct(
  'CpuidAnswer',
  { size: 16 },
  { eax: at(0, U32), ebx: at(4, U32), ecx: at(8, U32), edx: at(12, U32) },
);
export type CpuidAnswer = Ref<typeof CpuidAnswer>;

export const FEATURES = 1;
const ECX_VMX = 1 << 5;
const ECX_SMX = 1 << 6;
const ECX_OSXSAVE = 1 << 27;
/** From CR4.OSXSAVE, bit 18, to there. */
const OSXSAVE_SHIFT = 9n;

export const MORE_FEATURES = 7;
const EBX_PROCESSOR_TRACE = 1 << 25;
const ECX_OSPKE = 1 << 4;
/** From CR4.PKE, bit 22, to there. */
const OSPKE_SHIFT = 18n;

export const EXTENDED_FEATURES = 0x8000_0001;
export const EDX_SYSCALL = 1 << 11;

/**
 * These never change: the processor's name, its caches, what its time-stamp counter is like, the widths of addresses.
 * All processors that can run guests have them.
 */
export const FIRST_CONSTANT_LEAF = 0x8000_0002;
export const CONSTANT_LEAVES = 7;

/** What the processor says. */
export function askCpuid(answer: CpuidAnswer, leaf: u32, subleaf: u32): void {
  const seen = cpuid(leaf, subleaf);
  giveAnswer(answer, seen.eax, seen.ebx, seen.ecx, seen.edx);
}

/** What CPUID leaves in the guest's registers. */
export function giveAnswer(answer: CpuidAnswer, eax: u32, ebx: u32, ecx: u32, edx: u32): void {
  answer.eax = eax;
  answer.ebx = ebx;
  answer.ecx = ecx;
  answer.edx = edx;
}

/**
 * ECX of leaf 1, without VMX and SMX. OSXSAVE mirrors CR4 of who executes CPUID. That is the hypervisor, which has the bit
 * set, so what the guest's CR4 lacks is taken out.
 */
export function guestFeatures(ecx: u32, cr4: u64): u32 {
  return u32(ecx & (u32(cr4 << OSXSAVE_SHIFT) | ~(ECX_VMX | ECX_SMX | ECX_OSXSAVE)));
}

/** EBX of leaf 7, without Intel PT, which writes to memory that page tables hide. */
export function guestMoreFeaturesB(ebx: u32): u32 {
  return u32(ebx & ~EBX_PROCESSOR_TRACE);
}

/** ECX of leaf 7: OSPKE is as OSXSAVE is. */
export function guestMoreFeaturesC(ecx: u32, cr4: u64): u32 {
  return u32(ecx & (u32(cr4 >> OSPKE_SHIFT) | ~ECX_OSPKE));
}

/** EDX of leaf 8000_0001H. Intel's processors show SYSCALL to 64-bit code only; `mode` has its bit set for such code. */
export function guestExtendedFeatures(edx: u32, mode: u32): u32 {
  return u32(edx & (mode | ~EDX_SYSCALL));
}
