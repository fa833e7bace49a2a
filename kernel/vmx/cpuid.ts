import { cpuid, u32, u64 } from '../../transpiler/lib/index.js';
import {
  askCpuid,
  CONSTANT_LEAVES,
  EXTENDED_FEATURES,
  FEATURES,
  FIRST_CONSTANT_LEAF,
  giveAnswer,
  guestExtendedFeatures,
  guestFeatures,
  guestMoreFeaturesB,
  guestMoreFeaturesC,
  MORE_FEATURES,
  type CpuidAnswer,
} from '../exits/cpuid.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { skipInstruction } from './instruction.js';
import { vmread } from './operations.js';
import { Field, GUEST_RIGHTS, Segment } from './vmcs.js';

/** From bit 13 of CS's access rights, 64-bit code (SDM 3C, table 24-2), to the bit of CPUID that depends on it. */
const LONG_TO_SYSCALL_SHIFT = 2n;

/** Asks this processor, which is to run `vcpu`, for all that never changes. */
export function learnConstantLeaves(vcpu: Vcpu): void {
  for (let i: u32 = 0; i < CONSTANT_LEAVES; i++) askCpuid(vcpu.constantLeaves.at(i), FIRST_CONSTANT_LEAF + i, 0);
}

/** CPUID always exits (SDM 3C 25.1.2). */
export function onCpuid(vcpu: Vcpu): void {
  const registers = vcpu.registers;
  const answer = vcpu.cpuidAnswer;
  onQuickCpuid(vcpu, u32(registers.rax), registers.rdx, u32(registers.rcx));
  registers.rax = u64(answer.eax);
  registers.rbx = u64(answer.ebx);
  registers.rcx = u64(answer.ecx);
  registers.rdx = u64(answer.edx);
}

/**
 * CPUID, where the exit needs nothing else: from the world switch at once, which passes the guest's registers as it found
 * them and gives the answer to the guest. With all that, no leaf takes more than 60 instructions.
 */
export function onQuickCpuid(vcpu: Vcpu, leaf: u32, _rdx: u64, subleaf: u32): void {
  const constant = u32(leaf - FIRST_CONSTANT_LEAF);
  if (constant < CONSTANT_LEAVES) repeatAnswer(vcpu.cpuidAnswer, vcpu.constantLeaves.at(constant));
  else showProcessor(vcpu.cpuidAnswer, leaf, subleaf);
  skipInstruction();
}

function repeatAnswer(answer: CpuidAnswer, known: CpuidAnswer): void {
  giveAnswer(answer, known.eax, known.ebx, known.ecx, known.edx);
}

/** What depends on the guest is looked up for these leaves only. */
function showProcessor(answer: CpuidAnswer, leaf: u32, subleaf: u32): void {
  const seen = cpuid(leaf, subleaf);
  answer.eax = seen.eax;
  let ebx: u32 = seen.ebx;
  let ecx: u32 = seen.ecx;
  let edx: u32 = seen.edx;
  if (leaf === MORE_FEATURES) {
    ebx = guestMoreFeaturesB(ebx);
    ecx = guestMoreFeaturesC(ecx, vmread(Field.guestCr4));
  } else if (leaf === FEATURES) ecx = guestFeatures(ecx, vmread(Field.guestCr4));
  else if (leaf === EXTENDED_FEATURES) edx = guestExtendedFeatures(edx, codeMode());
  answer.ebx = ebx;
  answer.ecx = ecx;
  answer.edx = edx;
}

function codeMode(): u32 {
  return u32(vmread(GUEST_RIGHTS + 2 * Segment.cs) >> LONG_TO_SYSCALL_SHIFT);
}
