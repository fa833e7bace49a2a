/**
 * The MSR and I/O permission maps (APM 2, 15.10 and 15.11). All is permitted but what is named here; MSRs
 * outside the map's three ranges always exit.
 */
import { arr, at, physical, requires, struct, u32, U64, u64, type Hpa } from '../../transpiler/lib/index.js';
import { allocatePages } from '../memory/allocator.js';
import { APIC_BASE, EFER, VM_CR, VM_HSAVE_PA } from './registers.js';

const MSR_MAP_PAGES = 2;
const IO_MAP_PAGES = 3;

/** Two bits for each MSR: reads exit, writes exit. */
const READ = 1n;
const WRITE = 2n;
/** Each 800h bytes of the map speak of 2,000h MSRs. */
const MSRS_IN_RANGE = 0x2000;
const SECOND_RANGE = 0xc000_0000;
const THIRD_RANGE = 0xc001_0000;

const MsrMap = struct('MsrMap', { size: 0x2000 }, { words: at(0, arr(U64, 0x400)) });

/** The MSRs whose accesses exit. */
export function makeMsrPermissions(): Hpa {
  const map = allocatePages(MSR_MAP_PAGES);
  watch(map, EFER - SECOND_RANGE + MSRS_IN_RANGE, READ | WRITE); // hides SVME
  watch(map, VM_CR - THIRD_RANGE + 2 * MSRS_IN_RANGE, READ | WRITE); // says that SVM is switched off
  watch(map, VM_HSAVE_PA - THIRD_RANGE + 2 * MSRS_IN_RANGE, READ | WRITE); // holds the host's state page
  watch(map, APIC_BASE, WRITE); // could lay the APIC's registers over hidden memory
  return map;
}

/** No port exits. The map only counts where IOIO_PROT is intercepted, but its address is checked at each VMRUN. */
export function makeIoPermissions(): Hpa {
  return allocatePages(IO_MAP_PAGES);
}

/** `number` is the MSR's place in the map. */
function watch(map: Hpa, number: u32, accesses: u64): void {
  requires(number < 3 * MSRS_IN_RANGE && accesses <= 3n);
  const words = physical(MsrMap, map).words;
  const index = u32(number / 32);
  words.set(index, words.get(index) | (accesses << (2n * u64(number % 32))));
}
