/**
 * What CPUID shows the guest (SDM 2A): the processor's answers, without what the hypervisor uses, what would let the
 * guest escape, and the marks of another hypervisor below. Constant answers are read once; the others each time, since
 * the guest can change them by registers that it owns.
 */
import { cpuid, u32, u64 } from '../../../transpiler/lib/index.js';
import type { CpuidAnswer } from '../../vcpu/vmxVcpu.js';

/** Features of leaf 1 that are hidden from the guest. Debug stores write to memory at linear addresses, in VMX root operation too (SDM 3B 18.6.2.4 and 17.4.9). */
const ECX_DEBUG_STORE_64 = 1 << 2;
const ECX_DEBUG_STORE_BY_PRIVILEGE = 1 << 4;
const EDX_DEBUG_STORE = 1 << 21;
const ECX_VMX = 1 << 5;
const ECX_SMX = 1 << 6;
const ECX_OSXSAVE = 1 << 27;
const ECX_HYPERVISOR = 0x8000_0000;
const HIDDEN_ECX = u32(
  ECX_DEBUG_STORE_64 | ECX_DEBUG_STORE_BY_PRIVILEGE | ECX_VMX | ECX_SMX | ECX_OSXSAVE | ECX_HYPERVISOR,
);
/** Distance from CR4.OSXSAVE (bit 18) to ECX_OSXSAVE. */
const OSXSAVE_SHIFT = 9n;

const EBX_PROCESSOR_TRACE = 1 << 25;
const ECX_OSPKE = 1 << 4;
/** Distance from CR4.PKE (bit 22) to ECX_OSPKE. */
const OSPKE_SHIFT = 18n;
/**
 * Hidden features of leaf 7, subleaf 1: performance monitoring with a leaf of its own, which includes new debug stores;
 * lists of MSRs, which need a control that is not set; and instructions with an immediate MSR number, which are not
 * decoded.
 */
const EAX_MONITORING_LEAF = 1 << 8;
const EAX_MSR_LISTS = 1 << 27;
const ECX_MSR_IMMEDIATE = 1 << 5;

/** The leaf of XSAVE states. Subleaf 1 has those of IA32_XSS in ECX; each state has a subleaf of its own. */
export const EXTENDED_STATES = 0xd;
export const TRACE_STATE = 8;

/** Leaves that are all zero for the guest: those of Intel PT and of performance monitoring. */
const PROCESSOR_TRACE = 0x14;
const PERFORMANCE_MONITORING = 0x23;
const EMPTY_LEAVES = (1n << u64(PROCESSOR_TRACE)) | (1n << u64(PERFORMANCE_MONITORING));
export const EMPTY_LEAVES_END = 64;
const ALL_LEAVES = 0xffff_ffff_ffff_ffffn;

const EDX_SYSCALL = 1 << 11;

/** Leaves reserved for hypervisors. */
export const FIRST_HYPERVISOR_LEAF = 0x4000_0000;
export const HYPERVISOR_LEAVES_END = 0x5000_0000;

/**
 * First of the CONSTANT_LEAVES leaves with a constant answer: the processor's name, its caches, properties of its
 * time-stamp counter, the widths of addresses. Every processor that can run guests has them.
 */
export const FIRST_CONSTANT_LEAF = 0x8000_0002;

/** Stores the processor's own answer. */
export function askCpuid(answer: CpuidAnswer, leaf: u32, subleaf: u32): void {
  const seen = cpuid(leaf, subleaf);
  giveAnswer(answer, seen.eax, seen.ebx, seen.ecx, seen.edx);
}

/** Stores an answer for the guest's registers. */
export function giveAnswer(answer: CpuidAnswer, eax: u32, ebx: u32, ecx: u32, edx: u32): void {
  answer.eax = eax;
  answer.ebx = ebx;
  answer.ecx = ecx;
  answer.edx = edx;
}

/**
 * ECX of leaf 1 for the guest. OSXSAVE mirrors the CR4 in use at CPUID, which is the hypervisor's here, so it is
 * replaced by the guest's.
 */
export function guestFeaturesC(ecx: u32, cr4: u64): u32 {
  return u32((ecx & ~HIDDEN_ECX) | (u32(cr4 << OSXSAVE_SHIFT) & ECX_OSXSAVE));
}

/** EDX of leaf 1 for the guest. */
export function guestFeaturesD(edx: u32): u32 {
  return u32(edx & ~EDX_DEBUG_STORE);
}

/** EBX of leaf 7 for the guest, without Intel PT, which writes to memory that the guest's page tables hide. */
export function guestMoreFeaturesB(ebx: u32): u32 {
  return u32(ebx & ~EBX_PROCESSOR_TRACE);
}

/** ECX of leaf 7 for the guest. OSPKE is replaced as OSXSAVE is. */
export function guestMoreFeaturesC(ecx: u32, cr4: u64): u32 {
  return u32(ecx & (u32(cr4 >> OSPKE_SHIFT) | ~ECX_OSPKE));
}

/** EAX of leaf 7, subleaf 1, for the guest. */
export function guestNewFeaturesA(eax: u32): u32 {
  return u32(eax & ~(EAX_MONITORING_LEAF | EAX_MSR_LISTS));
}

/** ECX of leaf 7, subleaf 1, for the guest. */
export function guestNewFeaturesC(ecx: u32): u32 {
  return u32(ecx & ~ECX_MSR_IMMEDIATE);
}

/** ECX of leaf 0DH, subleaf 1, for the guest, without the state of Intel PT. */
export function guestStates(ecx: u32): u32 {
  return u32(ecx & ~(1 << TRACE_STATE));
}

/**
 * A bit for each leaf that is all zero for the guest, on a processor whose last basic leaf is `last`. The processor
 * answers higher leaves with that one, so they have no bit.
 */
export function emptyLeaves(last: u32): u64 {
  return last >= EMPTY_LEAVES_END ? EMPTY_LEAVES : EMPTY_LEAVES & (ALL_LEAVES >> u64(EMPTY_LEAVES_END - 1 - last));
}

/** EDX of leaf 8000_0001H outside of 64-bit code, where Intel processors do not show SYSCALL. */
export function withoutSyscall(edx: u32): u32 {
  return u32(edx & ~EDX_SYSCALL);
}
