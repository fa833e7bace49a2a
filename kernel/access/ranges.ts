/**
 * Ranges of addresses and their owners, in ascending order, so that binary search finds the owner of an address. The
 * ranges are complete before the guest runs and do not change afterwards, so they are read without a lock.
 */
import {
  arr,
  at,
  ensures,
  local,
  min32,
  struct,
  U32,
  U64,
  type Ref,
  type u32,
  type u64,
} from '../../transpiler/lib/index.js';
import { beginLine, print } from '../report/console.js';
import { fail, stop } from '../report/fail.js';
import { nameOfOwner, Owner, OWNERS } from './owner.js';

/** Most ranges, and the places for them: one more, so that the mask COUNT cuts a count to what fits. */
export const MOST_RANGES = 63;
const PLACES = 64;
const COUNT = 0x3f;

/** A range from `first` to `last`, both included, so that it can contain the last address of all. */
const OwnedRange = struct('OwnedRange', { size: 24 }, { first: at(0, U64), last: at(8, U64), owner: at(16, U32) });
type OwnedRange = Ref<typeof OwnedRange>;

export const OwnedRanges = struct(
  'OwnedRanges',
  { size: 0x608 },
  { count: at(0, U32), at: at(8, arr(OwnedRange, PLACES)) },
);
export type OwnedRanges = Ref<typeof OwnedRanges>;

/**
 * Gives the addresses from `first` to `last` to `owner`. Stops start-up if one of them has an owner, or if there is no
 * room.
 */
export function ownRange(ranges: OwnedRanges, first: u64, last: u64, owner: Owner): void {
  const count = ranges.count;
  if (count >= MOST_RANGES) fail('more ranges are to be intercepted than this version has room for');
  const range = local(OwnedRange);
  range.first = first;
  range.last = last;
  range.owner = owner;
  insert(ranges, range, count);
  ranges.count = count + 1;
}

/** Inserts `range`, after moving the ranges above it up by one. */
function insert(ranges: OwnedRanges, range: OwnedRange, count: u32): void {
  let place: u32 = min32(count, MOST_RANGES - 1);
  while (place > 0) {
    const below = ranges.at.at(place - 1);
    if (below.last < range.first) break;
    if (below.first <= range.last) refuseOverlap(below.owner, range.owner);
    copyRange(ranges.at.at(place), below);
    place -= 1;
  }
  copyRange(ranges.at.at(place), range);
}

function copyRange(to: OwnedRange, from: OwnedRange): void {
  to.first = from.first;
  to.last = from.last;
  to.owner = from.owner;
}

/** The owner of `address`: Owner.guest if it is in no range. */
export function ownerIn(ranges: OwnedRanges, address: u64): u32 {
  let owner: u32 = Owner.guest;
  let low: u32 = 0;
  let high: u32 = ranges.count & COUNT;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges.at.at(middle);
    if (address < range.first) {
      high = middle;
    } else if (address > range.last) {
      low = middle + 1;
    } else {
      owner = min32(range.owner, OWNERS - 1);
      break;
    }
  }
  ensures(owner < OWNERS);
  return owner;
}

function refuseOverlap(one: u32, other: u32): never {
  beginLine();
  print(nameOfOwner(min32(one, OWNERS - 1)));
  print(' and ');
  print(nameOfOwner(min32(other, OWNERS - 1)));
  print(' are to own the same addresses');
  stop();
}
