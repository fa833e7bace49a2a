/** Helpers for the rules of VM entry on Intel processors. */
import { cpuid, ensures, min64, rdmsr, requires, u32, u64 } from '../../../transpiler/lib/index.js';
import { has } from '../../report/entryRules.js';
import { OFFSET_IN_PAGE } from '../../x86/pages.js';
import { Leaf } from '../../x86/cpuid.js';

/** CPUID 80000008H (SDM 2A): the numbers of physical and linear address bits. */
const MOST_PHYSICAL_BITS = 52n;
const MOST_LINEAR_BITS = 57n;

const LOW_HALF = 0xffff_ffffn;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** The memory types that a PAT can hold: UC, WC, WT, WP, WB, UC- (SDM 3A, table 11-10). */
const PAT_ENTRIES = 8;
const PAT_RESERVED_2 = 2n;
const PAT_RESERVED_3 = 3n;
const PAT_LAST = 7n;

/**
 * Whether the capability MSR of a word of controls allows `value`: the MSR's low half has the bits that must be 1, its
 * high half those that may be.
 */
export function isAllowed(value: u64, capability: u32): boolean {
  const limits = rdmsr(capability);
  return areFixed(value, limits & LOW_HALF, limits >> 32n);
}

/** Whether all bits of `fixedToOne` are 1, and all bits outside `canBeOne` are 0. */
export function areFixed(value: u64, fixedToOne: u64, canBeOne: u64): boolean {
  return (value & fixedToOne) === fixedToOne && (value & u64(~canBeOne)) === 0n;
}

/** Whether `address` fits the processor's physical address bits. */
export function isPhysical(address: u64): boolean {
  const bits = min64(u64(u32(addressSizes() & 0xff)), MOST_PHYSICAL_BITS);
  return address >> bits === 0n;
}

/** Whether `address` is page-aligned and fits the physical address bits. */
export function isPage(address: u64): boolean {
  return !has(address, OFFSET_IN_PAGE) && isPhysical(address);
}

/** Whether `address` is canonical: all bits above the linear address bits equal the highest of these. */
export function isCanonical(address: u64): boolean {
  const bits = linearBits();
  return bits !== 0n && areEqualFrom(address, bits - 1n);
}

/** Whether all bits above the linear address bits are equal, which is all that is required of RIP. */
export function isWithinLinear(address: u64): boolean {
  return areEqualFrom(address, linearBits());
}

function linearBits(): u64 {
  const bits = min64(u64(u32((addressSizes() >>> 8) & 0xff)), MOST_LINEAR_BITS);
  ensures(bits <= MOST_LINEAR_BITS);
  return bits;
}

function areEqualFrom(address: u64, bit: u64): boolean {
  requires(bit < 64n);
  const high = address >> bit;
  return high === 0n || high === ALL_ONES >> bit;
}

/** Whether each byte of a PAT value is a memory type. */
export function isPat(value: u64): boolean {
  for (let entry: u32 = 0; entry < PAT_ENTRIES; entry++) {
    const type = (value >> u64(entry * 8)) & 0xffn;
    if (type > PAT_LAST || type === PAT_RESERVED_2 || type === PAT_RESERVED_3) return false;
  }
  return true;
}

function addressSizes(): u32 {
  const sizes = cpuid(Leaf.addressSizes, 0);
  return sizes.eax;
}
