/**
 * Allocates pages for the hypervisor at start-up, one after the other; they are never freed. The pages lie in even MiB
 * only, so bit 20 is 0 in all their addresses, and a guest that clears address line 20 (APM 2, 15.30.1, DIS_A20M) does
 * not change the hypervisor's accesses. The odd MiB are hidden as well, because they are aliases of these pages while
 * the line is cleared.
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
import { PAGE_BYTES } from '../x86/pages.js';
import { markAllocation } from '../x86/platform.js';
import { fail } from '../report/fail.js';

/** Size of a MiB, which bit 20 of an address selects; and the distance between even MiB. */
export const ADDRESS_LINE_20 = 0x10_0000n;
const EVEN_DISTANCE = 0x20_0000n;

const Allocator = struct('Allocator', { size: 24 }, { next: at(0, HPA), end: at(8, HPA), used: at(16, U64) });
const state = instance(Allocator);

/** Sets the memory from which pages are allocated: `bytes` bytes at `start`, both multiples of a page. */
export function allocatorStart(start: Hpa, bytes: u64): void {
  state.next = start;
  state.end = hpa(start + bytes);
  state.used = 0n;
}

/** Allocates `count` zeroed, consecutive pages and returns the first. Stops start-up if too few are left. */
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

/** The next address with room for `bytes` bytes in one even MiB. */
function placeFor(bytes: u64): Hpa {
  const next = state.next;
  const offset = u64(next) & (EVEN_DISTANCE - 1n);
  return addSat64(offset, bytes) <= ADDRESS_LINE_20 ? next : hpa(next + u64(EVEN_DISTANCE - offset));
}

/** Number of allocated bytes. */
export function allocatorUsed(): u64 {
  return state.used;
}
