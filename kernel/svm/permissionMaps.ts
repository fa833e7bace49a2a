/**
 * The MSR and I/O permission maps (APM 2, 15.10 and 15.11). All is permitted but what is named here; MSRs
 * outside the map's three ranges always exit.
 */
import {
  arr,
  at,
  ensures,
  HPA,
  instance,
  physical,
  requires,
  struct,
  u32,
  U64,
  u64,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { allocatePages } from '../memory/allocator.js';
import { X2APIC_COMMAND } from '../machine/localApic.js';
import { ADDRESS_DECODING_COUNT, addressDecodingMsr } from './addressDecoding.js';
import { APIC_BASE, EFER } from '../vcpu/registers.js';
import { PATCH_LOADER, VM_CR, VM_HSAVE_PA } from './registers.js';

const MSR_MAP_PAGES = 2;
const IO_MAP_PAGES = 3;

/** Two bits for each MSR: reads exit, writes exit. */
const READ = 1n;
const WRITE = 2n;
const MSRS_IN_WORD = 32;
/** Each 800h bytes of the map speak of 2,000h MSRs. */
const MSRS_IN_RANGE = 0x2000;
const RANGES = 3;
const SECOND_RANGE = 0xc000_0000;
const THIRD_RANGE = 0xc001_0000;

const Maps = struct('PermissionMaps', { size: 16 }, { msrs: at(0, HPA), ports: at(8, HPA) });
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

/** The MSRs whose accesses exit. */
function makeMsrPermissions(): Hpa {
  const map = allocatePages(MSR_MAP_PAGES);
  watch(map, EFER, READ | WRITE); // hides SVME
  watch(map, VM_CR, READ | WRITE); // says that SVM is switched off
  watch(map, VM_HSAVE_PA, READ | WRITE); // holds the host's state page
  watch(map, APIC_BASE, WRITE); // could lay the APIC's registers over hidden memory
  watch(map, X2APIC_COMMAND, WRITE); // INIT and SIPI, in x2APIC mode
  watch(map, PATCH_LOADER, WRITE); // microcode is not loaded in guest mode
  for (let i: u32 = 0; i < ADDRESS_DECODING_COUNT; i++) watch(map, addressDecodingMsr(i), WRITE);
  return map;
}

/** Commands to the local APIC in x2APIC mode no longer exit, once each processor has left its guest. */
export function permitCommands(): void {
  permit(maps.msrs, X2APIC_COMMAND, WRITE);
}

/** They exit again, from the same time on. */
export function watchCommands(): void {
  watch(maps.msrs, X2APIC_COMMAND, WRITE);
}

/** No port exits. The map only counts where IOIO_PROT is intercepted, but its address is checked at each VMRUN. */
function makeIoPermissions(): Hpa {
  return allocatePages(IO_MAP_PAGES);
}

function watch(map: Hpa, msr: u32, accesses: u64): void {
  requires(accesses <= 3n);
  const words = physical(MsrMap, map).words;
  const place = placeInMap(msr);
  const index = u32(place / MSRS_IN_WORD);
  words.set(index, words.get(index) | (accesses << (2n * u64(place % MSRS_IN_WORD))));
}

function permit(map: Hpa, msr: u32, accesses: u64): void {
  requires(accesses <= 3n);
  const words = physical(MsrMap, map).words;
  const place = placeInMap(msr);
  const index = u32(place / MSRS_IN_WORD);
  words.set(index, words.get(index) & u64(~(accesses << (2n * u64(place % MSRS_IN_WORD)))));
}

/** The map speaks of three ranges of MSRs, one after the other; only their MSRs are watched. */
function placeInMap(msr: u32): u32 {
  const place = (msr & (MSRS_IN_RANGE - 1)) + rangeOf(msr) * MSRS_IN_RANGE;
  ensures(place < RANGES * MSRS_IN_RANGE);
  return place;
}

function rangeOf(msr: u32): u32 {
  const range: u32 = msr >= THIRD_RANGE ? 2 : msr >= SECOND_RANGE ? 1 : 0;
  ensures(range < RANGES);
  return range;
}
