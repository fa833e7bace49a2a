/** Pages for the hypervisor, taken one after the other at start and never given back. */
import { at, fillMemory, HPA, hpa, instance, struct, u64, type Hpa, type u32 } from '../../transpiler/lib/index.js';
import { markAllocation } from '../platform.js';
import { fail } from '../report/fail.js';

export const PAGE_BYTES = 4096n;

const Allocator = struct('Allocator', { size: 24 }, { start: at(0, HPA), next: at(8, HPA), end: at(16, HPA) });
const state = instance(Allocator);

/** The pages come from the `bytes` bytes at `start`, both multiples of a page. */
export function allocatorStart(start: Hpa, bytes: u64): void {
  state.start = start;
  state.next = start;
  state.end = hpa(start + bytes);
}

/** The first of `count` zeroed pages, one after the other. Stops start-up where there are none left. */
export function allocatePages(count: u32): Hpa {
  markAllocation();
  const first = state.next;
  const bytes: u64 = u64(count) * PAGE_BYTES;
  const left = u64(state.end - first);
  if (bytes > left) fail('the memory set aside for the hypervisor is used up');
  state.next = hpa(first + bytes);
  fillMemory(first, 0, bytes);
  return first;
}

/** How many bytes are taken. */
export function allocatorUsed(): u64 {
  return u64(state.next - state.start);
}
