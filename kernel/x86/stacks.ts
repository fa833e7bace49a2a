/**
 * The stacks, each above an unmapped page. The set at the end of the image is for start-up (runtime-c/stacks.asm); each
 * processor then gets a set of its own.
 */
import { hva, list, requires, u64, U32, type Hva, type u32 } from '../../transpiler/lib/index.js';
import { imageBounds } from './platform.js';

export const STACK_COUNT = 4;

/** The stacks of a set, in order. All but the first have the same number in the TSS. */
export const Stack = { main: 0, nmi: 1, doubleFault: 2, machineCheck: 3 } as const;

const bottoms = list(U32, [0x1000, 0x6000, 0x8000, 0xa000]);
const tops = list(U32, [0x5000, 0x7000, 0x9000, 0xb000]);

/** Size of one set. */
export const STACKS_BYTES = 0xb000n;

/** Address of the image's own set. */
export function imageStacks(): Hva {
  const bounds = imageBounds();
  return bounds.stacks;
}

/** Offset of a stack's lowest address within its set. */
export function stackOffset(stack: u32): u64 {
  requires(stack < STACK_COUNT);
  return u64(bottoms.get(stack));
}

/** Lowest address of a stack of the set at `stacks`. */
export function stackBottom(stacks: Hva, stack: u32): Hva {
  requires(stack < STACK_COUNT);
  return hva(stacks + stackOffset(stack));
}

/** End of a stack of the set at `stacks`: the address after its highest byte. */
export function stackTop(stacks: Hva, stack: u32): Hva {
  requires(stack < STACK_COUNT);
  return hva(stacks + u64(tops.get(stack)));
}
