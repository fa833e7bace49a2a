import { u32, type u64 } from '../../transpiler/lib/index.js';
import { dependsOnGuest, readCpuid, showGuest } from '../exits/cpuid.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { skipInstruction } from './instruction.js';
import { vmread } from './operations.js';
import { Field, GUEST_RIGHTS, Segment } from './vmcs.js';

/** In the access rights of CS: 64-bit code (SDM 3C, table 24-2). */
const LONG = 1n << 13n;

/** CPUID always exits (SDM 3C 25.1.2). */
export function onCpuid(vcpu: Vcpu): void {
  const registers = vcpu.registers;
  onQuickCpuid(vcpu, u32(registers.rax), registers.rdx, u32(registers.rcx));
}

/**
 * CPUID, where the exit needs nothing else: from the world switch at once, with the guest's registers where it found
 * them. Assembly included, most leaves take 60 instructions.
 */
export function onQuickCpuid(vcpu: Vcpu, leaf: u32, _rdx: u64, subleaf: u32): void {
  const registers = vcpu.registers;
  readCpuid(registers, leaf, subleaf);
  if (dependsOnGuest(leaf)) {
    const is64Bit = (vmread(GUEST_RIGHTS + 2 * Segment.cs) & LONG) !== 0n;
    showGuest(registers, leaf, vmread(Field.guestCr4), is64Bit);
  }
  skipInstruction();
}
