/** Prints how the hypervisor got to a place, from the chain of frame pointers. */
import { at, hpa, HVA, physical, struct, u64, type Hpa, type Hva, type u32 } from '../../transpiler/lib/index.js';
import { processorCount } from '../machine/madt.js';
import { imageStacks, STACK_COUNT, stackBottom, stackTop } from '../x86/stacks.js';
import { DIRECT, directAddress, imageBounds } from '../x86/platform.js';
import { processorMemory } from '../vcpu/processors.js';
import { beginLine, endLine, print } from '../report/console.js';
import { printCodeAddress } from './symbols.js';

/** The two words at the address in RBP: the caller's RBP and the return address. */
const CallFrame = struct('CallFrame', { size: 16 }, { caller: at(0, HVA), returnAddress: at(8, HVA) });
const CALL_FRAME_BYTES = 16n;
const MOST_FRAMES = 64;

/** Prints one line for each active call, the innermost first. */
export function printBacktrace(innermost: Hva): void {
  let frame: Hva = innermost;
  for (let depth: u32 = 0; depth < MOST_FRAMES; depth++) {
    if (!isOnStack(frame)) return;
    const here = physical(CallFrame, stackMemory(frame));
    printPlace('from', here.returnAddress);
    const caller = here.caller;
    if (caller <= frame) return;
    frame = caller;
  }
}

/** Prints a line that names an address in the code. */
export function printPlace(relation: string, address: Hva): void {
  beginLine();
  print('  ');
  print(relation);
  print(' ');
  printCodeAddress(address);
  endLine();
}

/** Whether the frame lies on a stack. After a fault a frame pointer may be anything, so no other is followed. */
function isOnStack(frame: Hva): boolean {
  if (isOnStackOf(imageStacks(), frame)) return true;
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) {
    if (isOnStackOf(directAddress(processorMemory(number)), frame)) return true;
  }
  return false;
}

function isOnStackOf(stacks: Hva, frame: Hva): boolean {
  for (let stack: u32 = 0; stack < STACK_COUNT; stack++) {
    const top = stackTop(stacks, stack);
    if (frame >= stackBottom(stacks, stack) && frame < top && u64(top - frame) >= CALL_FRAME_BYTES) return true;
  }
  return false;
}

function stackMemory(frame: Hva): Hpa {
  const bounds = imageBounds();
  return frame < bounds.text ? hpa(frame - DIRECT) : hpa(bounds.physical + u64(frame - bounds.text));
}
