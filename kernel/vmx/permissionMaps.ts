/**
 * The MSR and I/O bitmaps (SDM 3C 24.6.4 and 24.6.9). All is permitted but what is named here; MSRs outside the two
 * ranges of the bitmap always exit.
 *
 * IA32_FEATURE_CONTROL is the guest's, too. It has been locked (enable.ts), so that writes raise #GP as they do on the
 * bare machine. It reads as the firmware allowing VMX, which is no promise: software has to find VMX in CPUID first
 * (SDM 3C 23.6), and it does not. Its other bits tell of SGX and local machine checks, which the guest does have.
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
} from '../../transpiler/lib/index.js';
import { allocatePages } from '../memory/allocator.js';
import {
  DEBUG_STORE_AREA,
  FEEDBACK_POINTER,
  SAMPLING_FIRST,
  SAMPLING_LAST,
  TRACE_FIRST,
  TRACE_LAST,
} from './memoryWriters.js';
import { APIC_BASE } from '../vcpu/registers.js';
import { MICROCODE_LOAD, VMX_BASIC, VMX_LAST } from './registers.js';

const IO_MAP_PAGES = 2;

const Maps = struct('Bitmaps', { size: 16 }, { msrs: at(0, HPA), ports: at(8, HPA) });
const maps = instance(Maps);

/** One bit for each MSR below 2000h: its reads exit from the start of the page on, its writes from its middle on. */
const MsrBitmap = struct('MsrBitmap', { size: 0x1000 }, { words: at(0, arr(U64, 0x200)) });
const READS = 0;
const WRITES = 0x100;
const MSRS_IN_RANGE = 0x2000;

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

/** The MSRs whose accesses exit. */
function makeMsrPermissions(): Hpa {
  const map = allocatePages(1);
  for (let msr: u32 = VMX_BASIC; msr <= VMX_LAST; msr++) watchBoth(map, msr); // VMX does not exist for the guest
  for (let msr: u32 = TRACE_FIRST; msr <= TRACE_LAST; msr++) watchBoth(map, msr); // writes past the page tables
  for (let msr: u32 = SAMPLING_FIRST; msr <= SAMPLING_LAST; msr++) watchBoth(map, msr); // writes in root operation
  watchBoth(map, DEBUG_STORE_AREA); // where to
  watch(map, FEEDBACK_POINTER, WRITES); // writes past the page tables
  watch(map, MICROCODE_LOAD, WRITES); // works in root operation only
  watch(map, APIC_BASE, WRITES); // could lay the APIC's registers over hidden memory
  return map;
}

/** No port exits. */
function makeIoPermissions(): Hpa {
  return allocatePages(IO_MAP_PAGES);
}

function watchBoth(map: Hpa, msr: u32): void {
  requires(msr < MSRS_IN_RANGE);
  watch(map, msr, READS);
  watch(map, msr, WRITES);
}

function watch(map: Hpa, msr: u32, firstWord: u32): void {
  requires(msr < MSRS_IN_RANGE && firstWord <= WRITES);
  const words = physical(MsrBitmap, map).words;
  const index = firstWord + u32(msr / 64);
  words.set(index, words.get(index) | (1n << u64(msr % 64)));
}
