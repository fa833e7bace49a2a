/**
 * Pages for the hypervisor, taken one after the other at start and never given back. They lie in even MiB only: address
 * line 20 is 0 in all their addresses, so that a guest which closes it (APM 2, 15.30.1, DIS_A20M) changes none of the
 * hypervisor's accesses. The odd MiB are hidden with them, since they are other names of these pages while it is closed.
 */
import {
  addSat64,
  at,
  fillMemory,
  HPA,
  hpa,
  instance,
  struct,
  u64,
  U64,
  type Hpa,
  type u32,
} from '../../transpiler/lib/index.js';
import { markAllocation } from '../x86/platform.js';
import { fail } from '../report/fail.js';

export const PAGE_BYTES = 4096n;

/** How much memory differs in address bits below line 20, and how far apart the even MiB are. */
export const ADDRESS_LINE_20 = 0x10_0000n;
const EVEN_DISTANCE = 0x20_0000n;

const Allocator = struct('Allocator', { size: 24 }, { next: at(0, HPA), end: at(8, HPA), used: at(16, U64) });
const state = instance(Allocator);

/** The pages come from the `bytes` bytes at `start`, both multiples of a page. */
export function allocatorStart(start: Hpa, bytes: u64): void {
  state.next = start;
  state.end = hpa(start + bytes);
  state.used = 0n;
}

/** The first of `count` zeroed pages, one after the other. Stops start-up where there are none left. */
export function allocatePages(count: u32): Hpa {
  markAllocation();
  const bytes: u64 = u64(count) * PAGE_BYTES;
  const first = placeFor(bytes);
  if (first > state.end || bytes > u64(state.end - first)) fail('the memory set aside for the hypervisor is used up');
  state.next = hpa(first + bytes);
  state.used = u64(state.used + bytes);
  fillMemory(first, 0, bytes);
  return first;
}

/** The next place with `bytes` bytes in one even MiB. */
function placeFor(bytes: u64): Hpa {
  const next = state.next;
  const offset = u64(next) & (EVEN_DISTANCE - 1n);
  return addSat64(offset, bytes) <= ADDRESS_LINE_20 ? next : hpa(next + u64(EVEN_DISTANCE - offset));
}

/** How many bytes are taken. */
export function allocatorUsed(): u64 {
  return state.used;
}
