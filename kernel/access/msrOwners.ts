/**
 * The owner of each MSR, a byte each, filled once from the lists. Handlers look the owner of an exit up here; the vendors
 * make their permission maps of it.
 */
import {
  arr,
  at,
  BOOL,
  ensures,
  fillMemory,
  hpa,
  HPA,
  instance,
  physical,
  requires,
  struct,
  U64,
  u64,
  U8,
  u8,
  type u32,
} from '../../transpiler/lib/index.js';
import { allocatePages } from '../paging/allocator.js';
import { MsrChoice, options } from '../machine/options.js';
import { Owner, OWNERS } from './msrOwner.js';
import { AMD_BANKS_FIRST, AMD_BANKS_LAST, msrsOfAmd } from './msrsOfAmd.js';
import { msrsOfBoth } from './msrsOfBoth.js';
import { INTEL_COUNTERS_FIRST, INTEL_COUNTERS_LAST, msrsOfIntel } from './msrsOfIntel.js';

/** Three ranges of MSRs, one after the other: from 0, from C000_0000 and from C001_0000 on. */
export const MSRS_IN_RANGE = 0x2000;
export const PLACES = 0x6000;
const SECOND_RANGE = 0xc000_0000;
const THIRD_RANGE = 0xc001_0000;
/** Stands for no place. */
export const OUTSIDE = 0xffff_ffff;
const OWNER_PAGES = 6;
/** A byte eight times. */
const EIGHT_TIMES = 0x0101_0101_0101_0101n;

/**
 * Ranges that hypervisors use for MSRs of their own, the second one KVM; no processor has them. One that tsvm itself runs
 * under would take the guest's values for tsvm's, and write to its memory.
 */
const SYNTHETIC_FIRST = 0x4000_0000;
const SYNTHETIC_LAST = 0x4000_00ff;
const KVM_FIRST = 0x4b56_4d00;
const KVM_LAST = 0x4b56_4dff;

const OwnerBytes = struct('MsrOwnerBytes', { size: PLACES }, { at: at(0, arr(U8, PLACES)) });
/** The same eight at a time. */
const OwnerWords = struct('MsrOwnerWords', { size: PLACES }, { at: at(0, arr(U64, 0xc00)) });

const MsrOwners = struct('MsrOwners', { size: 16 }, { bytes: at(0, HPA), isAmd: at(8, BOOL) });
const owners = instance(MsrOwners);

/** Fills the table for AMD's processors, or for Intel's. */
export function assignMsrs(isAmd: boolean): void {
  owners.bytes = allocatePages(OWNER_PAGES);
  owners.isAmd = isAmd;
  if (options.msr === MsrChoice.open) fillMemory(owners.bytes, Owner.processor, u64(PLACES));
  for (let i: u32 = 0; i + 2 < msrsOfBoth.length; i += 3) {
    assign(msrsOfBoth.get(i), msrsOfBoth.get(i + 1), msrsOfBoth.get(i + 2));
  }
  if (isAmd) assignAmd();
  else assignIntel();
}

function assignAmd(): void {
  for (let i: u32 = 0; i + 2 < msrsOfAmd.length; i += 3) {
    assign(msrsOfAmd.get(i), msrsOfAmd.get(i + 1), msrsOfAmd.get(i + 2));
  }
}

function assignIntel(): void {
  for (let i: u32 = 0; i + 2 < msrsOfIntel.length; i += 3) {
    assign(msrsOfIntel.get(i), msrsOfIntel.get(i + 1), msrsOfIntel.get(i + 2));
  }
}

/** Both are in one range. */
function assign(first: u32, last: u32, owner: u32): void {
  const start = placeOf(first);
  const end = placeOf(last);
  if (start === OUTSIDE || end === OUTSIDE || start > end) return;
  fillMemory(hpa(owners.bytes + u64(start)), u8(owner), u64(end - start) + 1n);
}

/** Where the MSR `number` is in the table and in AMD's permission map; OUTSIDE where no map speaks of it. */
export function placeOf(number: u32): u32 {
  if (number < MSRS_IN_RANGE) return number;
  if (number >= SECOND_RANGE && number - SECOND_RANGE < MSRS_IN_RANGE) return number - SECOND_RANGE + MSRS_IN_RANGE;
  if (number >= THIRD_RANGE && number - THIRD_RANGE < MSRS_IN_RANGE) return number - THIRD_RANGE + 2 * MSRS_IN_RANGE;
  return OUTSIDE;
}

/** Who answers an access to the MSR `number`. */
export function ownerOf(number: u32): u32 {
  const place = placeOf(number);
  const owner: u32 = place < PLACES ? ownerAt(place) : ownerOutside(number);
  ensures(owner < OWNERS);
  return owner;
}

/** Who answers an access to the MSR at `place`. */
export function ownerAt(place: u32): u32 {
  requires(place < PLACES);
  const byte = physical(OwnerBytes, owners.bytes).at.get(place);
  const owner: u32 = byte < OWNERS ? byte : Owner.refused;
  ensures(owner < OWNERS);
  return owner;
}

/** Whether all 32 MSRs from `place` on, a multiple of 32, are answered by `owner`. */
export function are32OwnedBy(place: u32, owner: u32): boolean {
  requires(place <= PLACES - 32 && owner < OWNERS);
  const words = physical(OwnerWords, owners.bytes).at;
  const all = u64(owner) * EIGHT_TIMES;
  for (let i: u32 = 0; i < 4; i++) if (words.get((place >> 3) + i) !== all) return false;
  return true;
}

/** MSRs that no map speaks of: their accesses always exit. */
function ownerOutside(number: u32): u32 {
  let owner: u32 = options.msr === MsrChoice.open ? Owner.processor : Owner.refused;
  if (isSynthetic(number)) owner = Owner.absent;
  else if (owners.isAmd && number >= AMD_BANKS_FIRST && number <= AMD_BANKS_LAST) owner = Owner.processor;
  else if (!owners.isAmd && number >= INTEL_COUNTERS_FIRST && number <= INTEL_COUNTERS_LAST) owner = Owner.processor;
  ensures(owner < OWNERS);
  return owner;
}

function isSynthetic(number: u32): boolean {
  return (number >= SYNTHETIC_FIRST && number <= SYNTHETIC_LAST) || (number >= KVM_FIRST && number <= KVM_LAST);
}

/** The guest has been told that the MSR `number` is refused: from now on that is no event. */
export function noteRefusal(number: u32): void {
  const place = placeOf(number);
  if (place < PLACES) physical(OwnerBytes, owners.bytes).at.set(place, Owner.absent);
}
