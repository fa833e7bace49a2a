/**
 * The MSR and I/O bitmaps (SDM 3C 24.6.4 and 24.6.9). Which MSRs exit follows from their owners (access/msrOwner.ts); MSRs
 * outside the two ranges of the bitmap always exit.
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
import { exitsOf, Owner, READS, WRITES } from '../../access/msrOwner.js';
import { are32OwnedBy, assignMsrs, MSRS_IN_RANGE, ownerAt, PLACES } from '../../access/msrOwners.js';
import { markOwnedPorts } from '../../access/ports.js';
import { allocatePages } from '../../paging/allocator.js';
import { releaseLock, SpinLock, takeLock } from '../../x86/spinLock.js';
const IO_MAP_PAGES = 2;
const MAP_WORDS = 0x200;

const Maps = struct('Bitmaps', { size: 24 }, { msrs: at(0, HPA), ports: at(8, HPA), lock: at(16, SpinLock) });
const maps = instance(Maps);

/** One bit for each MSR of two ranges, from 0 and from C000_0000 on: first for reads, then for writes (SDM 3C 24.6.9). */
const MsrBitmap = struct(
  'MsrBitmap',
  { size: 0x1000 },
  { reads: at(0, arr(U32, MAP_WORDS)), writes: at(0x800, arr(U32, MAP_WORDS)) },
);
const MSRS_IN_WORD = 32;
const NEVER = 0;
const ALWAYS = 0xffff_ffff;

/** The bitmap for MSRs, of all processors. */
export function msrPermissions(): Hpa {
  if (maps.msrs === 0n) maps.msrs = makeMsrPermissions();
  return maps.msrs;
}

/** The bitmaps for ports, of all processors. */
export function ioPermissions(): Hpa {
  if (maps.ports === 0n) maps.ports = makeIoPermissions();
  return maps.ports;
}

/** 32 MSRs at a time, in the order of access/msrOwners.ts: most are in no list, so that they all exit or none does. */
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

/** Whether `access` exits, a bit for each of the 32 MSRs from place `first` on. */
function bitsFrom(first: u32, access: u32): u32 {
  requires(first <= PLACES - MSRS_IN_WORD);
  if (are32OwnedBy(first, Owner.refused)) return ALWAYS;
  if (are32OwnedBy(first, Owner.processor)) return NEVER;
  let word: u32 = 0;
  for (let i: u32 = 0; i < MSRS_IN_WORD; i++) {
    if (u32(exitsOf(ownerAt(first + i)) & access) !== 0) word = u32(word | (1 << i));
  }
  return word;
}

/** Reads of the MSR `number`, below 2000h, exit from now on. */
export function watchReads(number: u32): void {
  requires(number < MSRS_IN_RANGE);
  const reads = physical(MsrBitmap, maps.msrs).reads;
  const index = number >> 5;
  takeLock(maps.lock);
  reads.set(index, u32(reads.get(index) | (1 << (number & 31))));
  releaseLock(maps.lock);
}

/** One bit for each port, bitmap B behind bitmap A; an access exits where the bit of one of its bytes is set (SDM 3C 25.1.3). */
function makeIoPermissions(): Hpa {
  const map = allocatePages(IO_MAP_PAGES);
  markOwnedPorts(map);
  return map;
}
