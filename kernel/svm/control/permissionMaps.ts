/**
 * The MSR and I/O permission maps (APM 2, 15.10 and 15.11). Which MSRs exit follows from their owners
 * (access/msrOwner.ts); MSRs outside the map's three ranges always exit.
 */
import {
  arr,
  at,
  HPA,
  instance,
  physical,
  requires,
  struct,
  u32,
  U64,
  u64,
  type Hpa,
} from '../../../transpiler/lib/index.js';
import { exitsOf, Owner, READS, WRITES } from '../../access/msrOwner.js';
import { are32OwnedBy, assignMsrs, ownerAt, placeOf, PLACES } from '../../access/msrOwners.js';
import { markOwnedPorts } from '../../access/ports.js';
import { allocatePages } from '../../paging/allocator.js';
import { X2APIC_COMMAND } from '../../machine/localApic.js';
import { releaseLock, SpinLock, takeLock } from '../../x86/spinLock.js';

const MSR_MAP_PAGES = 2;
const IO_MAP_PAGES = 3;
/** How many bytes of the two maps the processor reads (APM 2, 15.10.1 and 15.11). */
export const MSR_MAP_BYTES = 0x2000n;
export const IO_MAP_BYTES = 0x3000n;

/** Two bits for each MSR, in the order of access/msrOwners.ts: READS, WRITES. */
const MSRS_IN_WORD = 32;
const MAP_WORDS = 0x300;
const NEVER = 0n;
const ALWAYS = 0xffff_ffff_ffff_ffffn;

const Maps = struct('PermissionMaps', { size: 24 }, { msrs: at(0, HPA), ports: at(8, HPA), lock: at(16, SpinLock) });
const maps = instance(Maps);

const MsrMap = struct('MsrMap', { size: 0x2000 }, { words: at(0, arr(U64, 0x400)) });

/** The map for MSRs, of all processors. */
export function msrPermissions(): Hpa {
  if (maps.msrs === 0n) maps.msrs = makeMsrPermissions();
  return maps.msrs;
}

/** The map for ports, of all processors. */
export function ioPermissions(): Hpa {
  if (maps.ports === 0n) maps.ports = makeIoPermissions();
  return maps.ports;
}

/** 32 MSRs at a time: most are in no list, so that they all exit or none does. */
function makeMsrPermissions(): Hpa {
  assignMsrs(true);
  const map = allocatePages(MSR_MAP_PAGES);
  const words = physical(MsrMap, map).words;
  for (let index: u32 = 0; index < MAP_WORDS; index++) words.set(index, permissionsFrom(index * MSRS_IN_WORD));
  return map;
}

function permissionsFrom(first: u32): u64 {
  requires(first <= PLACES - MSRS_IN_WORD);
  if (are32OwnedBy(first, Owner.refused)) return ALWAYS;
  if (are32OwnedBy(first, Owner.processor)) return NEVER;
  let word: u64 = 0n;
  for (let i: u32 = 0; i < MSRS_IN_WORD; i++) word = word | (u64(exitsOf(ownerAt(first + i))) << (2n * u64(i)));
  return word;
}

/** Reads of the MSR `number` exit from now on. */
export function watchReads(number: u32): void {
  takeLock(maps.lock);
  watch(maps.msrs, number, READS);
  releaseLock(maps.lock);
}

/** Commands to the local APIC in x2APIC mode no longer exit, once each processor has left its guest. */
export function permitCommands(): void {
  permit(maps.msrs, X2APIC_COMMAND, WRITES);
}

/** They exit again, from the same time on. */
export function watchCommands(): void {
  watch(maps.msrs, X2APIC_COMMAND, WRITES);
}

/** One bit for each port; an access exits where the bit of one of its bytes is set (APM 2, 15.10.1). */
function makeIoPermissions(): Hpa {
  const map = allocatePages(IO_MAP_PAGES);
  markOwnedPorts(map);
  return map;
}

function watch(map: Hpa, msr: u32, accesses: u32): void {
  requires(accesses <= 3);
  const place = placeOf(msr);
  if (place >= PLACES) return;
  const words = physical(MsrMap, map).words;
  const index = u32(place / MSRS_IN_WORD);
  words.set(index, words.get(index) | (u64(accesses) << (2n * u64(place % MSRS_IN_WORD))));
}

function permit(map: Hpa, msr: u32, accesses: u32): void {
  requires(accesses <= 3);
  const place = placeOf(msr);
  if (place >= PLACES) return;
  const words = physical(MsrMap, map).words;
  const index = u32(place / MSRS_IN_WORD);
  words.set(index, words.get(index) & u64(~(u64(accesses) << (2n * u64(place % MSRS_IN_WORD)))));
}
