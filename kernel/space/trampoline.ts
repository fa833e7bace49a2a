/**
 * The page below 1 MiB at which APs start after a SIPI of the BSP (runtime-c/trampoline.asm). It is used during
 * start-up only and then belongs to the guest. On Bochs with VT-x (kernel/vmx/exits/heldInit.ts) it stays reserved and
 * hidden from the guest.
 */
import {
  arr,
  at,
  copyMemory,
  fillMemory,
  gpa,
  hpa,
  HPA,
  HVA,
  instance,
  physical,
  readCr3,
  struct,
  U16,
  u32,
  U32,
  U64,
  u64,
  U8,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { CODE_DESCRIPTOR, CODE_SELECTOR, DATA_DESCRIPTOR } from '../x86/descriptors.js';
import { processorCount } from '../machine/madt.js';
import { excludeRange, hideRange, highestFree } from '../machine/memoryMap.js';
import { PAGE_BITS, PAGE_BYTES } from '../x86/pages.js';
import { announceRanges, hidePage } from './pageRights.js';
import { imageBounds } from '../x86/platform.js';
import { fail } from '../report/fail.js';
import { vcpuTable } from '../vcpu/processors.js';

const CODE_BYTES = 0x100;
/** Offset of its 64-bit code. */
const LONG_MODE = 0x80n;
const DESCRIPTORS = 0x128n;
const DESCRIPTORS_LIMIT = 0x17;
/** Layout of the page: code, and the data that it reads. */
const Trampoline = struct(
  'Trampoline',
  { size: 0x1000 },
  {
    code: at(0x000, arr(U8, CODE_BYTES)),
    /** The operand of LGDT. */
    descriptorsLimit: at(0x100, U16),
    descriptorsBase: at(0x102, U32),
    /** The operand of the far jump to 64-bit mode. */
    continuation: at(0x108, U32),
    continuationSelector: at(0x10c, U16),
    /** Address of the page tables. */
    tables: at(0x110, U32),
    processorCount: at(0x114, U32),
    /** Address of the table of all vcpus. */
    vcpus: at(0x118, HVA),
    descriptors: at(0x128, arr(U64, 3)),
    /** The operand of LIDT: an empty table. */
    noInterruptsLimit: at(0x140, U16),
    noInterruptsBase: at(0x142, U32),
  },
);

/** End of the memory that a SIPI can reach and that is free for this: video memory follows. */
export const LOW_MEMORY_END = 0xa_0000n;

const Place = struct('TrampolinePlace', { size: 8 }, { page: at(0, HPA) });
const place = instance(Place);

/** Announces that its page may be set apart. */
export function announceTrampoline(): void {
  if (processorCount() > 1) announceRanges(1);
}

/** Reserves the highest free page of low memory for the trampoline, if there are APs. */
export function chooseTrampoline(): void {
  if (processorCount() <= 1) return;
  const page = highestFree(PAGE_BYTES, LOW_MEMORY_END, PAGE_BYTES);
  if (page === 0n) fail('too little memory: no page below 640 KiB is free to start the other processors in');
  excludeRange(page, PAGE_BYTES);
  useTrampoline(page);
}

/** Puts the trampoline at `page`, which is free. */
export function useTrampoline(page: Hpa): void {
  place.page = page;
}

/** Address of the trampoline's page; 0 if there is none. */
export function trampolinePage(): Hpa {
  return place.page;
}

/** Vector of a SIPI that starts a processor at the trampoline; 0 if there is none. */
export function trampolineVector(): u32 {
  return u32(place.page >> PAGE_BITS) & 0xff;
}

/**
 * Hides the trampoline page from the guest for good: the memory map marks it as reserved, and the guest finds the decoy
 * page there.
 */
export function hideTrampoline(): void {
  const page = place.page;
  if (page === 0n) return;
  hideRange(page, PAGE_BYTES);
  hidePage(gpa(u64(page)));
}

/** Clears the page after all processors have started, so that nothing of the hypervisor is left in it. */
export function clearTrampoline(): void {
  const page = place.page;
  if (page !== 0n) fillMemory(page, 0, PAGE_BYTES);
}

/** Writes the trampoline, for processors that will use this processor's page tables. */
export function writeTrampoline(): void {
  const page = place.page;
  const bounds = imageBounds();
  const trampoline = physical(Trampoline, page);
  copyMemory(page, hpa(bounds.physical + u64(bounds.trampoline - bounds.text)), u64(CODE_BYTES));
  trampoline.descriptorsLimit = DESCRIPTORS_LIMIT;
  trampoline.descriptorsBase = u32(page + DESCRIPTORS);
  trampoline.continuation = u32(page + LONG_MODE);
  trampoline.continuationSelector = CODE_SELECTOR;
  trampoline.tables = u32(readCr3());
  trampoline.processorCount = processorCount();
  trampoline.vcpus = vcpuTable();
  trampoline.noInterruptsLimit = 0;
  trampoline.noInterruptsBase = 0;
  trampoline.descriptors.set(1, CODE_DESCRIPTOR);
  trampoline.descriptors.set(2, DATA_DESCRIPTOR);
}
