/**
 * The table of the owners of all MSRs, one byte each, filled once from the lists. Handlers look up the owner of an MSR
 * here; the vendors build their permission maps from it.
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
import { MsrOwner, MSR_OWNERS } from './msrOwner.js';
import { AMD_BANKS_FIRST, AMD_BANKS_LAST, msrsOfAmd } from './msrsOfAmd.js';
import { msrsOfBoth } from './msrsOfBoth.js';
import { INTEL_COUNTERS_FIRST, INTEL_COUNTERS_LAST, msrsOfIntel } from './msrsOfIntel.js';

/** The table covers three ranges of MSRs, in order: from 0, from C000_0000 and from C001_0000 on. */
export const MSRS_IN_RANGE = 0x2000;
export const PLACES = 0x6000;
const SECOND_RANGE = 0xc000_0000;
const THIRD_RANGE = 0xc001_0000;
/** Returned for an MSR outside the table. */
export const OUTSIDE = 0xffff_ffff;
const OWNER_PAGES = 6;
/** Repeats a byte eight times by multiplication. */
const EIGHT_TIMES = 0x0101_0101_0101_0101n;

/**
 * Ranges that hypervisors use for MSRs of their own, the second one by KVM; no processor has them. If tsvm itself runs
 * under such a hypervisor, that would take the guest's values for tsvm's, and write to tsvm's memory.
 */
const SYNTHETIC_FIRST = 0x4000_0000;
const SYNTHETIC_LAST = 0x4000_00ff;
const KVM_FIRST = 0x4b56_4d00;
const KVM_LAST = 0x4b56_4dff;

const OwnerBytes = struct('MsrOwnerBytes', { size: PLACES }, { at: at(0, arr(U8, PLACES)) });
/** The same table in words of eight owners. */
const OwnerWords = struct('MsrOwnerWords', { size: PLACES }, { at: at(0, arr(U64, 0xc00)) });

const MsrOwners = struct('MsrOwners', { size: 16 }, { bytes: at(0, HPA), isAmd: at(8, BOOL) });
const owners = instance(MsrOwners);

/** Fills the table for AMD processors or for Intel's. */
export function assignMsrs(isAmd: boolean): void {
  owners.bytes = allocatePages(OWNER_PAGES);
  owners.isAmd = isAmd;
  if (options.msr === MsrChoice.open) fillMemory(owners.bytes, MsrOwner.processor, u64(PLACES));
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

/** Sets the owner of the MSRs from `first` to `last`, which are in the same range. */
function assign(first: u32, last: u32, owner: u32): void {
  const start = placeOf(first);
  const end = placeOf(last);
  if (start === OUTSIDE || end === OUTSIDE || start > end) return;
  fillMemory(hpa(owners.bytes + u64(start)), u8(owner), u64(end - start) + 1n);
}

/** The index of the MSR `number` in this table and in AMD's permission map; OUTSIDE if no map covers it. */
export function placeOf(number: u32): u32 {
  if (number < MSRS_IN_RANGE) return number;
  if (number >= SECOND_RANGE && number - SECOND_RANGE < MSRS_IN_RANGE) return number - SECOND_RANGE + MSRS_IN_RANGE;
  if (number >= THIRD_RANGE && number - THIRD_RANGE < MSRS_IN_RANGE) return number - THIRD_RANGE + 2 * MSRS_IN_RANGE;
  return OUTSIDE;
}

/** The owner of the MSR `number`. */
export function ownerOf(number: u32): u32 {
  const place = placeOf(number);
  const owner: u32 = place < PLACES ? ownerAt(place) : ownerOutside(number);
  ensures(owner < MSR_OWNERS);
  return owner;
}

/** The owner of the MSR at index `place`. */
export function ownerAt(place: u32): u32 {
  requires(place < PLACES);
  const byte = physical(OwnerBytes, owners.bytes).at.get(place);
  const owner: u32 = byte < MSR_OWNERS ? byte : MsrOwner.refused;
  ensures(owner < MSR_OWNERS);
  return owner;
}

/** Whether `owner` has all 32 MSRs from index `place` on, a multiple of 32. */
export function are32OwnedBy(place: u32, owner: u32): boolean {
  requires(place <= PLACES - 32 && owner < MSR_OWNERS);
  const words = physical(OwnerWords, owners.bytes).at;
  const all = u64(owner) * EIGHT_TIMES;
  for (let i: u32 = 0; i < 4; i++) if (words.get((place >> 3) + i) !== all) return false;
  return true;
}

/** The owner of an MSR that no map covers. Its accesses are always intercepted. */
function ownerOutside(number: u32): u32 {
  let owner: u32 = options.msr === MsrChoice.open ? MsrOwner.processor : MsrOwner.refused;
  if (isSynthetic(number)) owner = MsrOwner.absent;
  else if (owners.isAmd && number >= AMD_BANKS_FIRST && number <= AMD_BANKS_LAST) owner = MsrOwner.processor;
  else if (!owners.isAmd && number >= INTEL_COUNTERS_FIRST && number <= INTEL_COUNTERS_LAST) owner = MsrOwner.processor;
  ensures(owner < MSR_OWNERS);
  return owner;
}

function isSynthetic(number: u32): boolean {
  return (number >= SYNTHETIC_FIRST && number <= SYNTHETIC_LAST) || (number >= KVM_FIRST && number <= KVM_LAST);
}

/** Records that the guest was told that the MSR `number` is refused: further accesses are no events. */
export function noteRefusal(number: u32): void {
  const place = placeOf(number);
  if (place < PLACES) physical(OwnerBytes, owners.bytes).at.set(place, MsrOwner.absent);
}
