/**
 * Who answers an access to an MSR. The permission maps of both vendors and the dispatch of their exits are made from
 * these numbers, so that the two cannot differ: an owner that has an access exit is the one that then handles it.
 */
import { list, requires, U32, type u32 } from '../../transpiler/lib/index.js';

export const Owner = {
  /** #GP, and the first access to each is an event: the MSR is in no list, or in one as what a guest must not have. */
  refused: 0,
  /** #GP: the MSR belongs to what the guest's processor does not have. */
  absent: 1,
  /** The access is done on the processor, without an exit where a permission map can say so. */
  processor: 2,
  /** Reads pass. A write of the present value does nothing, any other raises #GP. */
  fixed: 3,
  /** Reads pass. A write changes the bits that msrParts.ts names; the others stay. */
  partly: 4,
  /** Memory types: exits/memoryTypes.ts. Reads exit from the first write on that did not reach the register. */
  memoryType: 5,
  apicBase: 6,
  /** Reads pass. A write is ignored, as one of an update that the processor finds unfit. */
  microcode: 7,
  /** On Intel: where the processor writes its advice. */
  feedback: 8,
  /** On AMD-V: commands to the local APIC in x2APIC mode. */
  command: 9,
  /** On AMD-V: what SVM itself uses. */
  efer: 10,
  virtualization: 11,
  hostSave: 12,
} as const;
export type Owner = (typeof Owner)[keyof typeof Owner];
export const OWNERS = 13;

/** What exits, in the bits of AMD's permission map (APM 2, 15.11). */
export const READS = 1;
export const WRITES = 2;
const BOTH = 3;

/** By owner. */
const exits = list(U32, [BOTH, BOTH, 0, WRITES, WRITES, WRITES, WRITES, WRITES, WRITES, WRITES, BOTH, BOTH, BOTH]);

/** Which accesses to an MSR of `owner` exit: READS, WRITES, both or none. */
export function exitsOf(owner: u32): u32 {
  requires(owner < OWNERS);
  return exits.get(owner);
}
