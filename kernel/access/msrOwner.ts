/**
 * Owners of MSRs, which answer accesses to them. The permission maps of both vendors and the dispatch of their exits
 * are built from these numbers, so they cannot differ: if an owner intercepts an access, it also handles it.
 */
import { list, requires, U32, type u32 } from '../../transpiler/lib/index.js';

export const MsrOwner = {
  /** #GP, and the first access to each MSR is an event: the MSR is in no list, or in one as forbidden. */
  refused: 0,
  /** #GP: the MSR belongs to a feature that the guest's processor lacks. */
  absent: 1,
  /** The access goes to the processor, without a VM exit if the permission maps cover the MSR. */
  processor: 2,
  /** Reads reach the register. A write of its present value does nothing; any other raises #GP. */
  fixed: 3,
  /** Reads reach the register. A write changes only the bits that msrParts.ts lists. */
  partly: 4,
  /** MTRRs: space/mtrrShadow.ts. Reads are intercepted after the first write whose value did not reach the register. */
  memoryType: 5,
  apicBase: 6,
  /** Reads reach the register. A write is ignored, as if the processor had rejected the update. */
  microcode: 7,
  /** On Intel: the address at which the processor writes hardware feedback. */
  feedback: 8,
  /** On AMD-V: the ICR in x2APIC mode. */
  command: 9,
  /** On AMD-V: MSRs that SVM itself uses. */
  efer: 10,
  virtualization: 11,
  hostSave: 12,
} as const;
export type MsrOwner = (typeof MsrOwner)[keyof typeof MsrOwner];
export const MSR_OWNERS = 13;

/** Accesses to intercept, in the bits of AMD's permission map (APM 2, 15.11). */
export const READS = 1;
export const WRITES = 2;
const BOTH = 3;

/** Intercepted accesses, by owner. */
const exits = list(U32, [BOTH, BOTH, 0, WRITES, WRITES, WRITES, WRITES, WRITES, WRITES, WRITES, BOTH, BOTH, BOTH]);

/** The accesses to an MSR of `owner` that are intercepted: READS, WRITES, both or none. */
export function exitsOf(owner: u32): u32 {
  requires(owner < MSR_OWNERS);
  return exits.get(owner);
}
