/** Segment descriptors of the guest, and loading segment registers from them (SDM 3A 3.4.5). */
import { at, local, requires, struct, u32, U32, u64, type Ref } from '../../../transpiler/lib/index.js';
import type { Paging } from '../../space/guestPaging.js';
import { findRange, readRange, writeRange, type GuestRange } from '../../space/guestRange.js';
import { vmread, vmwrite } from '../control/operations.js';
import { UNUSABLE } from '../../vcpu/state.js';
import { Field, GUEST_BASE, GUEST_LIMIT, GUEST_RIGHTS, GUEST_SELECTOR, Segment } from '../control/vmcs.js';

export const Descriptor = struct(
  'Descriptor',
  { size: 16 },
  {
    base: at(0, U32),
    /** Offset of the segment's last byte, whatever the granularity. */
    limit: at(4, U32),
    /** Access rights in the VMCS's format (SDM 3C, table 24-2). */
    rights: at(8, U32),
  },
);
export type Descriptor = Ref<typeof Descriptor>;

/** Result of looking for a descriptor. */
export const Search = { found: 0, outside: 1, pageFault: 2 } as const;
export type Search = (typeof Search)[keyof typeof Search];

export const DESCRIPTOR_BYTES = 8;
const SECOND_WORD = 4;
const RIGHTS_BYTE = 5;

export const IS_ACCESSED = 1 << 0;
/** The same bit: a data segment is writable, a code segment readable. */
export const CAN_BE_WRITTEN = 1 << 1;
export const CAN_BE_READ = 1 << 1;
export const IS_CONFORMING = 1 << 2;
export const IS_CODE = 1 << 3;
export const IS_MEMORY = 1 << 4;
export const IS_PRESENT = 1 << 7;
export const TYPE_AND_KIND = 0x1f;
const IS_GRANULAR = 1 << 15;
export const PRIVILEGE_SHIFT = 5;

/** Bit of a selector: it refers to the local table. */
export const TABLE_IS_LOCAL = 1 << 2;
const INDEX = 0xfff8;

/** The descriptor's privilege level. */
export function privilegeOf(descriptor: Descriptor): u32 {
  return (descriptor.rights >>> PRIVILEGE_SHIFT) & 3;
}

/** Finds the memory of the descriptor for `selector`, for reading, or for writing as well. */
export function findDescriptor(place: GuestRange, paging: Paging, selector: u32, isWrite: boolean): Search {
  const isLocal = (selector & TABLE_IS_LOCAL) !== 0;
  if (isLocal && (vmread(GUEST_RIGHTS + 2 * Segment.ldtr) & u64(UNUSABLE)) !== 0n) return Search.outside;
  const base = u32(vmread(isLocal ? GUEST_BASE + 2 * Segment.ldtr : Field.guestGdtrBase));
  const limit = u32(vmread(isLocal ? GUEST_LIMIT + 2 * Segment.ldtr : Field.guestGdtrLimit));
  const offset = u32(selector & INDEX);
  if (offset + DESCRIPTOR_BYTES - 1 > limit) return Search.outside;
  return findRange(place, paging, u32(base + offset), DESCRIPTOR_BYTES, isWrite) ? Search.found : Search.pageFault;
}

/** Reads the descriptor at `place`. */
export function readDescriptor(descriptor: Descriptor, place: GuestRange): void {
  const low = readRange(place, 0, 4);
  const high = readRange(place, SECOND_WORD, 4);
  const limit = u32((low & 0xffff) + (high & 0xf_0000));
  descriptor.base = u32((low >>> 16) + ((high & 0xff) << 16) + (high & 0xff00_0000));
  descriptor.rights = (high >>> 8) & 0xf0ff;
  descriptor.limit = ((high >>> 8) & IS_GRANULAR) === 0 ? limit : u32((limit << 12) + 0xfff);
}

/** Sets bits in the type of the descriptor at `place`. */
export function setTypeBits(place: GuestRange, bits: u32): void {
  writeRange(place, RIGHTS_BYTE, 1, u32(readRange(place, RIGHTS_BYTE, 1) | bits));
}

/** Clears bits in the type of the descriptor at `place`. */
export function clearTypeBits(place: GuestRange, bits: u32): void {
  writeRange(place, RIGHTS_BYTE, 1, u32(readRange(place, RIGHTS_BYTE, 1) & ~bits));
}

/** Loads a segment register from a descriptor. */
export function setSegmentRegister(segment: u32, selector: u32, descriptor: Descriptor): void {
  requires(segment < 8);
  vmwrite(GUEST_SELECTOR + 2 * segment, u64(selector));
  vmwrite(GUEST_BASE + 2 * segment, u64(descriptor.base));
  vmwrite(GUEST_LIMIT + 2 * segment, u64(descriptor.limit));
  vmwrite(GUEST_RIGHTS + 2 * segment, u64(descriptor.rights));
}

/** Makes a segment register unusable. `privilege` matters for SS, whose level is the guest's. */
export function setUnusable(segment: u32, selector: u32, privilege: u32): void {
  requires(segment < 8 && privilege < 4);
  const nothing = local(Descriptor);
  nothing.rights = UNUSABLE + (privilege << PRIVILEGE_SHIFT);
  setSegmentRegister(segment, selector, nothing);
}
