import { cpuid, min32, u32, u64 } from '../../../transpiler/lib/index.js';
import {
  askCpuid,
  EMPTY_LEAVES_END,
  emptyLeaves,
  EXTENDED_STATES,
  FIRST_CONSTANT_LEAF,
  FIRST_HYPERVISOR_LEAF,
  giveAnswer,
  guestFeaturesC,
  guestFeaturesD,
  guestMoreFeaturesB,
  guestMoreFeaturesC,
  guestNewFeaturesA,
  guestNewFeaturesC,
  guestStates,
  HYPERVISOR_LEAVES_END,
  TRACE_STATE,
  withoutSyscall,
} from './cpuidMasks.js';
import { CONSTANT_LEAVES, type CpuidAnswer } from '../../vcpu/vmxVcpu.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { isIn64BitCode } from '../control/codeMode.js';
import { skipInstruction } from '../control/finishInstruction.js';
import { vmread } from '../control/operations.js';
import { Field } from '../control/vmcs.js';
import { Leaf } from '../../x86/cpuid.js';

/**
 * The last constant leaf: EAX[7:0] is the number of physical address bits. EPT of four levels translates at most 48.
 */
const MOST_PHYSICAL_BITS = 48;

/** Stores the answers of this processor's CPUID that never change in `vcpu`. */
export function learnConstantLeaves(vcpu: Vcpu): void {
  const basic = cpuid(Leaf.vendor, 0);
  vcpu.vmx.lastLeaf = basic.eax;
  vcpu.vmx.emptyLeaves = emptyLeaves(basic.eax);
  for (let i: u32 = 0; i < CONSTANT_LEAVES; i++) askCpuid(vcpu.vmx.constantLeaves.at(i), FIRST_CONSTANT_LEAF + i, 0);
  const sizes = vcpu.vmx.constantLeaves.at(Leaf.addressSizes - FIRST_CONSTANT_LEAF);
  sizes.eax = u32((sizes.eax & ~0xff) | min32(sizes.eax & 0xff, MOST_PHYSICAL_BITS));
}

/** Handles CPUID, which always exits (SDM 3C 25.1.2), if the exit needs more than the quick path. */
export function onCpuid(vcpu: Vcpu): void {
  const registers = vcpu.registers;
  const answer = vcpu.vmx.cpuidAnswer;
  onQuickCpuid(vcpu, u32(registers.rax), registers.rdx, u32(registers.rcx));
  registers.rax = u64(answer.eax);
  registers.rbx = u64(answer.ebx);
  registers.rcx = u64(answer.ecx);
  registers.rdx = u64(answer.edx);
}

/**
 * Handles CPUID on the quick path. The world switch calls it directly with the guest's registers and passes the answer
 * to the guest. No leaf takes more than 60 instructions in all. `_rdx` is unused; the calling convention passes it.
 */
export function onQuickCpuid(vcpu: Vcpu, leaf: u32, _rdx: u64, subleaf: u32): void {
  if (leaf < FIRST_HYPERVISOR_LEAF) showBasicLeaf(vcpu, leaf, subleaf);
  else showHighLeaf(vcpu, leaf, subleaf);
  skipInstruction();
}

function showBasicLeaf(vcpu: Vcpu, leaf: u32, subleaf: u32): void {
  const answer = vcpu.vmx.cpuidAnswer;
  if (leaf === Leaf.features) showFeatures(answer, subleaf);
  else if (leaf === Leaf.structuredFeatures) showMoreFeatures(answer, subleaf);
  else if (leaf === EXTENDED_STATES) showStates(answer, subleaf);
  else if (isEmpty(vcpu, leaf)) giveAnswer(answer, 0, 0, 0, 0);
  else askCpuid(answer, leaf, subleaf);
}

/** Whether a basic leaf is all zero for the guest. The first condition decides for most leaves. */
function isEmpty(vcpu: Vcpu, leaf: u32): boolean {
  return ((vcpu.vmx.emptyLeaves >> u64(leaf % EMPTY_LEAVES_END)) & 1n) !== 0n && leaf < EMPTY_LEAVES_END;
}

/**
 * Answers the leaves from 4000_0000H on. A processor without hypervisor leaves answers those, like any leaf that it
 * lacks, with its last basic leaf.
 */
function showHighLeaf(vcpu: Vcpu, leaf: u32, subleaf: u32): void {
  const answer = vcpu.vmx.cpuidAnswer;
  const constant = u32(leaf - FIRST_CONSTANT_LEAF);
  if (leaf === Leaf.extendedFeatures) showExtendedFeatures(answer, subleaf);
  else if (constant < CONSTANT_LEAVES) repeatAnswer(answer, vcpu.vmx.constantLeaves.at(constant));
  else if (leaf < HYPERVISOR_LEAVES_END) askCpuid(answer, vcpu.vmx.lastLeaf, subleaf);
  else askCpuid(answer, leaf, subleaf);
}

function showExtendedFeatures(answer: CpuidAnswer, subleaf: u32): void {
  if (isIn64BitCode()) {
    askCpuid(answer, Leaf.extendedFeatures, subleaf);
    return;
  }
  const seen = cpuid(Leaf.extendedFeatures, subleaf);
  giveAnswer(answer, seen.eax, seen.ebx, seen.ecx, withoutSyscall(seen.edx));
}

function showMoreFeatures(answer: CpuidAnswer, subleaf: u32): void {
  if (subleaf === 0) {
    const seen = cpuid(Leaf.structuredFeatures, 0);
    const ecx = guestMoreFeaturesC(seen.ecx, vmread(Field.guestCr4));
    giveAnswer(answer, seen.eax, guestMoreFeaturesB(seen.ebx), ecx, seen.edx);
  } else if (subleaf === 1) {
    const seen = cpuid(Leaf.structuredFeatures, 1);
    giveAnswer(answer, guestNewFeaturesA(seen.eax), seen.ebx, guestNewFeaturesC(seen.ecx), seen.edx);
  } else askCpuid(answer, Leaf.structuredFeatures, subleaf);
}

function showFeatures(answer: CpuidAnswer, subleaf: u32): void {
  const cr4 = vmread(Field.guestCr4);
  const seen = cpuid(Leaf.features, subleaf);
  giveAnswer(answer, seen.eax, seen.ebx, guestFeaturesC(seen.ecx, cr4), guestFeaturesD(seen.edx));
}

function showStates(answer: CpuidAnswer, subleaf: u32): void {
  if (subleaf === 1) {
    const seen = cpuid(EXTENDED_STATES, 1);
    giveAnswer(answer, seen.eax, seen.ebx, guestStates(seen.ecx), seen.edx);
  } else if (subleaf === TRACE_STATE) giveAnswer(answer, 0, 0, 0, 0);
  else askCpuid(answer, EXTENDED_STATES, subleaf);
}

function repeatAnswer(answer: CpuidAnswer, known: CpuidAnswer): void {
  giveAnswer(answer, known.eax, known.ebx, known.ecx, known.edx);
}
