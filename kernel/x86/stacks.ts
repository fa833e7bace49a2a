/**
 * Stacks, each above a page that is left unmapped: those at the end of the image for start-up
 * (runtime-c/stacks.asm), and the same set for each processor.
 */
import { hva, list, requires, u64, U32, type Hva, type u32 } from '../../transpiler/lib/index.js';
import { imageBounds } from './platform.js';

export const STACK_COUNT = 4;

/** The stacks in their order; also the number of each but the first in the TSS. */
export const Stack = { main: 0, nmi: 1, doubleFault: 2, machineCheck: 3 } as const;

const bottoms = list(U32, [0x1000, 0x6000, 0x8000, 0xa000]);
const tops = list(U32, [0x5000, 0x7000, 0x9000, 0xb000]);

/** What one set takes. */
export const STACKS_BYTES = 0xb000n;

/** Where the image's own set is. */
export function imageStacks(): Hva {
  const bounds = imageBounds();
  return bounds.stacks;
}

/** How far the lowest address of a stack is from the start of its set. */
export function stackOffset(stack: u32): u64 {
  requires(stack < STACK_COUNT);
  return u64(bottoms.get(stack));
}

/** The lowest address of a stack of the set at `stacks`. */
export function stackBottom(stacks: Hva, stack: u32): Hva {
  requires(stack < STACK_COUNT);
  return hva(stacks + stackOffset(stack));
}

/** The address after the highest of a stack of the set at `stacks`. */
export function stackTop(stacks: Hva, stack: u32): Hva {
  requires(stack < STACK_COUNT);
  return hva(stacks + u64(tops.get(stack)));
}
