/** CPUID (SDM 2A): the guest sees the processor, less what the hypervisor uses or what would escape it. */
import { cpuid, u32, u64 } from '../../transpiler/lib/index.js';
import type { Registers } from '../vcpu/vcpu.js';

const FEATURES = 1;
const ECX_VMX = 1 << 5;
const ECX_SMX = 1 << 6;
const ECX_OSXSAVE = 1 << 27;

const MORE_FEATURES = 7;
const ECX_OSPKE = 1 << 4;
const EBX_PROCESSOR_TRACE = 1 << 25;

const EXTENDED_FEATURES = 0x8000_0001;
const EDX_SYSCALL = 1 << 11;

/** Bits of CR4 that CPUID shows: they are the guest's, not those of the hypervisor, which executes the instruction. */
const CR4_OSXSAVE = 1n << 18n;
const CR4_PKE = 1n << 22n;

/** Executes CPUID for the guest. */
export function readCpuid(registers: Registers, leaf: u32, subleaf: u32): void {
  const seen = cpuid(leaf, subleaf);
  registers.rax = u64(seen.eax);
  registers.rbx = u64(seen.ebx);
  registers.rcx = u64(seen.ecx);
  registers.rdx = u64(seen.edx);
}

/** Whether `leaf` may tell of more than the processor. Quick to say: all leaves that do are odd. */
export function dependsOnGuest(leaf: u32): boolean {
  return u32(leaf & 1) !== 0;
}

/** Corrects what `readCpuid` got for `leaf`, for a guest with `cr4` that executes 64-bit code or other code. */
export function showGuest(registers: Registers, leaf: u32, cr4: u64, is64Bit: boolean): void {
  if (leaf === FEATURES) registers.rcx = u64(guestFeatures(u32(registers.rcx), cr4));
  if (leaf === MORE_FEATURES) showMoreFeatures(registers, cr4);
  if (leaf === EXTENDED_FEATURES && !is64Bit) registers.rdx = registers.rdx & u64(~u64(EDX_SYSCALL));
}

function guestFeatures(ecx: u32, cr4: u64): u32 {
  const without = u32(ecx & ~(ECX_VMX | ECX_SMX | ECX_OSXSAVE));
  return (cr4 & CR4_OSXSAVE) !== 0n ? u32(without | ECX_OSXSAVE) : without;
}

/** In subleaf 0; the other subleaves have no such bits (SDM 2A, CPUID). */
function showMoreFeatures(registers: Registers, cr4: u64): void {
  registers.rbx = registers.rbx & u64(~u64(EBX_PROCESSOR_TRACE)); // it writes to memory that page tables hide
  registers.rcx = u64(guestMoreFeatures(u32(registers.rcx), cr4));
}

function guestMoreFeatures(ecx: u32, cr4: u64): u32 {
  const without = u32(ecx & ~ECX_OSPKE);
  return (cr4 & CR4_PKE) !== 0n ? u32(without | ECX_OSPKE) : without;
}
