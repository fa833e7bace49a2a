/**
 * The MSR and I/O bitmaps (SDM 3C 24.6.4 and 24.6.9). An MSR's owner (access/msrOwner.ts) decides whether its accesses
 * are intercepted; accesses to MSRs outside the bitmap's two ranges always are.
 */
import {
  arr,
  at,
  HPA,
  instance,
  physical,
  requires,
  struct,
  U32,
  u32,
  type Hpa,
} from '../../../transpiler/lib/index.js';
import { exitsOf, MsrOwner, READS, WRITES } from '../../access/msrOwner.js';
import { are32OwnedBy, assignMsrs, MSRS_IN_RANGE, ownerAt, PLACES } from '../../access/msrOwners.js';
import { markOwnedPorts } from '../../access/ports.js';
import { allocatePages } from '../../paging/allocator.js';
import { releaseLock, SpinLock, takeLock } from '../../x86/spinLock.js';
const IO_MAP_PAGES = 2;
const MAP_WORDS = 0x200;

const Maps = struct('Bitmaps', { size: 24 }, { msrs: at(0, HPA), ports: at(8, HPA), lock: at(16, SpinLock) });
const maps = instance(Maps);

/**
 * The MSR bitmap: one bit for each MSR of two ranges, from 0 and from C000_0000 on; the bits for reads come first, then
 * those for writes (SDM 3C 24.6.9).
 */
const MsrBitmap = struct(
  'MsrBitmap',
  { size: 0x1000 },
  { reads: at(0, arr(U32, MAP_WORDS)), writes: at(0x800, arr(U32, MAP_WORDS)) },
);
const MSRS_IN_WORD = 32;
const NEVER = 0;
const ALWAYS = 0xffff_ffff;

/** The MSR bitmap, which all processors share. */
export function msrPermissions(): Hpa {
  if (maps.msrs === 0n) maps.msrs = makeMsrPermissions();
  return maps.msrs;
}

/** The I/O bitmaps, which all processors share. */
export function ioPermissions(): Hpa {
  if (maps.ports === 0n) maps.ports = makeIoPermissions();
  return maps.ports;
}

/**
 * Builds the MSR bitmap, 32 MSRs at a time in the order of access/msrOwners.ts: most are in no list, so that either all
 * 32 are intercepted or none.
 */
function makeMsrPermissions(): Hpa {
  assignMsrs(false);
  const map = allocatePages(1);
  const bitmap = physical(MsrBitmap, map);
  for (let index: u32 = 0; index < MAP_WORDS; index++) {
    bitmap.reads.set(index, bitsFrom(index * MSRS_IN_WORD, READS));
    bitmap.writes.set(index, bitsFrom(index * MSRS_IN_WORD, WRITES));
  }
  return map;
}

/** Which of the 32 MSRs from place `first` on are intercepted for `access`: a bit for each. */
function bitsFrom(first: u32, access: u32): u32 {
  requires(first <= PLACES - MSRS_IN_WORD);
  if (are32OwnedBy(first, MsrOwner.refused)) return ALWAYS;
  if (are32OwnedBy(first, MsrOwner.processor)) return NEVER;
  let word: u32 = 0;
  for (let i: u32 = 0; i < MSRS_IN_WORD; i++) {
    if (u32(exitsOf(ownerAt(first + i)) & access) !== 0) word = u32(word | (1 << i));
  }
  return word;
}

/** Intercepts reads of the MSR `number`, below 2000h, from now on. */
export function interceptReads(number: u32): void {
  requires(number < MSRS_IN_RANGE);
  const reads = physical(MsrBitmap, maps.msrs).reads;
  const index = number >> 5;
  takeLock(maps.lock);
  reads.set(index, u32(reads.get(index) | (1 << (number & 31))));
  releaseLock(maps.lock);
}

/**
 * Builds the I/O bitmaps A and B: one bit for each port. An access is intercepted if the bit of any of its bytes is set
 * (SDM 3C 25.1.3).
 */
function makeIoPermissions(): Hpa {
  const map = allocatePages(IO_MAP_PAGES);
  markOwnedPorts(map);
  return map;
}
