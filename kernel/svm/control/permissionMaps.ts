/**
 * The MSR and I/O permission maps (APM 2, 15.10 and 15.11). An MSR's owner (access/msrOwner.ts) decides whether its
 * accesses are intercepted; accesses to MSRs outside the map's three ranges always are.
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
import { exitsOf, MsrOwner, READS, WRITES } from '../../access/msrOwner.js';
import { are32OwnedBy, assignMsrs, ownerAt, placeOf, PLACES } from '../../access/msrOwners.js';
import { markOwnedPorts } from '../../access/ports.js';
import { allocatePages } from '../../paging/allocator.js';
import { X2APIC_ICR } from '../../machine/localApic.js';
import { releaseLock, SpinLock, takeLock } from '../../x86/spinLock.js';

const MSR_MAP_PAGES = 2;
const IO_MAP_PAGES = 3;
/** Number of bytes that the processor reads of each map (APM 2, 15.10.1 and 15.11). */
export const MSR_MAP_BYTES = 0x2000n;
export const IO_MAP_BYTES = 0x3000n;

/** Two bits for each MSR, READS and WRITES, in the order of access/msrOwners.ts. */
const MSRS_IN_WORD = 32;
const MAP_WORDS = 0x300;
const NEVER = 0n;
const ALWAYS = 0xffff_ffff_ffff_ffffn;

const Maps = struct('PermissionMaps', { size: 24 }, { msrs: at(0, HPA), ports: at(8, HPA), lock: at(16, SpinLock) });
const maps = instance(Maps);

const MsrMap = struct('MsrMap', { size: 0x2000 }, { words: at(0, arr(U64, 0x400)) });

/** The MSR permission map, which all processors share. */
export function msrPermissions(): Hpa {
  if (maps.msrs === 0n) maps.msrs = makeMsrPermissions();
  return maps.msrs;
}

/** The I/O permission map, which all processors share. */
export function ioPermissions(): Hpa {
  if (maps.ports === 0n) maps.ports = makeIoPermissions();
  return maps.ports;
}

/** Builds the MSR map, 32 MSRs at a time: most are in no list, so that either all 32 are intercepted or none. */
function makeMsrPermissions(): Hpa {
  assignMsrs(true);
  const map = allocatePages(MSR_MAP_PAGES);
  const words = physical(MsrMap, map).words;
  for (let index: u32 = 0; index < MAP_WORDS; index++) words.set(index, permissionsFrom(index * MSRS_IN_WORD));
  return map;
}

function permissionsFrom(first: u32): u64 {
  requires(first <= PLACES - MSRS_IN_WORD);
  if (are32OwnedBy(first, MsrOwner.refused)) return ALWAYS;
  if (are32OwnedBy(first, MsrOwner.processor)) return NEVER;
  let word: u64 = 0n;
  for (let i: u32 = 0; i < MSRS_IN_WORD; i++) word = word | (u64(exitsOf(ownerAt(first + i))) << (2n * u64(i)));
  return word;
}

/** Intercepts reads of the MSR `number` from now on. */
export function interceptReads(number: u32): void {
  takeLock(maps.lock);
  intercept(maps.msrs, number, READS);
  releaseLock(maps.lock);
}

/** Ends the interception of writes to the x2APIC ICR. Takes effect on each processor at its next VM exit. */
export function permitIcrWrites(): void {
  permit(maps.msrs, X2APIC_ICR, WRITES);
}

/** Intercepts writes to the x2APIC ICR again. Takes effect as permitIcrWrites() does. */
export function interceptIcrWrites(): void {
  intercept(maps.msrs, X2APIC_ICR, WRITES);
}

/**
 * Builds the I/O map: one bit for each port. An access is intercepted if the bit of any of its bytes is set (APM 2,
 * 15.10.1).
 */
function makeIoPermissions(): Hpa {
  const map = allocatePages(IO_MAP_PAGES);
  markOwnedPorts(map);
  return map;
}

function intercept(map: Hpa, msr: u32, accesses: u32): void {
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
