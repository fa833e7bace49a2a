/** Memory that tsvm allocates from the firmware, and frees again if start-up fails (UEFI Specification 2.10, 7.2). */
import type { u32 } from '../../transpiler/lib/index.js';
import {
  addSat64,
  arr,
  at,
  hpa,
  HPA,
  instance,
  min32,
  struct,
  U32,
  u64,
  U64,
  type Hpa,
} from '../../transpiler/lib/index.js';
import { bootServices, firmware, result, resultAt } from './efiServices.js';
import { efiCall, efiLeave } from './efiCalls.js';
import { EFI_ABORTED, EFI_SUCCESS } from './efiTables.js';
import { PAGE_BYTES } from '../x86/pages.js';

/** Types of memory (table 7.10) that the hypervisor allocates. */
export const EfiMemory = { reserved: 0, loaderData: 2 } as const;

/** Kinds of allocation (7.2.1). */
const AT_MOST = 1n;
const AT_ADDRESS = 2n;

const MAX_ALLOCATIONS = 8;
const Allocation = struct('Allocation', { size: 24 }, { start: at(0, HPA), pages: at(8, U64), kind: at(16, U32) });
const Allocations = struct(
  'Allocations',
  { size: 200 },
  { count: at(0, U32), list: at(8, arr(Allocation, MAX_ALLOCATIONS)) },
);
const state = instance(Allocations, { align: 8 });

/** Allocates pages of type `kind` that end at or below `below`. Returns 0 if the firmware has none. */
export function takePages(kind: u32, pages: u64, below: u64): Hpa {
  return allocate(AT_MOST, kind, pages, u64(below - 1n));
}

/** Allocates pages as takePages() does, starting at a multiple of `align`, which is itself a multiple of 4 KiB. */
export function takeAlignedPages(kind: u32, pages: u64, below: u64, align: u64): Hpa {
  const more = u64(pages + align / PAGE_BYTES);
  const found = takePages(kind, more, below);
  if (found === 0n || align === 0n) return hpa(0n);
  giveBackLast();
  const start = addSat64(u64(found), align - 1n);
  return allocate(AT_ADDRESS, kind, pages, start - (start % align));
}

function allocate(how: u64, kind: u32, pages: u64, address: u64): Hpa {
  const count = state.count;
  if (count >= MAX_ALLOCATIONS) return hpa(0n);
  const status = efiCall(bootServices().allocatePages, how, u64(kind), pages, resultAt(address), 0n, 0n, 0n);
  if (status !== EFI_SUCCESS) return hpa(0n);
  const allocation = state.list.at(count);
  allocation.start = hpa(result());
  allocation.pages = pages;
  allocation.kind = kind;
  state.count = count + 1;
  return allocation.start;
}

/** Frees all memory that the hypervisor allocated from the firmware. */
export function giveBackAll(): void {
  for (let i: u32 = 0; i < MAX_ALLOCATIONS; i++) giveBackLast();
}

/** Frees the newest allocation. */
export function giveBackLast(): void {
  const count = min32(state.count, MAX_ALLOCATIONS);
  if (count === 0) return;
  state.count = count - 1;
  const allocation = state.list.at(count - 1);
  const pages = allocation.pages;
  if (pages !== 0n) efiCall(bootServices().freePages, u64(allocation.start), pages, 0n, 0n, 0n, 0n, 0n);
}

/** Makes the reserved allocations permanent: giveBackAll() no longer frees them. */
export function keepReserved(): void {
  for (let i: u32 = 0; i < MAX_ALLOCATIONS; i++) {
    const allocation = state.list.at(i);
    if (allocation.kind === EfiMemory.reserved) allocation.pages = 0n;
  }
}

/** Frees all memory and returns to the firmware, if its boot services still run. Otherwise does nothing. */
export function leaveForFirmware(): void {
  if (firmware.bootServices === 0n) return;
  giveBackAll();
  efiLeave(EFI_ABORTED);
}
