/** The stacks at the end of the image, each above a page that is left unmapped (runtime-c/stacks.asm). */
import { hva, list, requires, u64, U32, type Hva, type u32 } from '../../transpiler/lib/index.js';
import { imageBounds } from '../platform.js';

export const STACK_COUNT = 4;

/** The stacks in their order; also the number of each but the first in the TSS. */
export const Stack = { main: 0, nmi: 1, doubleFault: 2, machineCheck: 3 } as const;

const bottoms = list(U32, [0x1000, 0x6000, 0x8000, 0xa000]);
const tops = list(U32, [0x5000, 0x7000, 0x9000, 0xb000]);

/** The lowest address of a stack. */
export function stackBottom(stack: u32): Hva {
  requires(stack < STACK_COUNT);
  const bounds = imageBounds();
  return hva(bounds.stacks + u64(bottoms.get(stack)));
}

/** The address after the highest of a stack. */
export function stackTop(stack: u32): Hva {
  requires(stack < STACK_COUNT);
  const bounds = imageBounds();
  return hva(bounds.stacks + u64(tops.get(stack)));
}
