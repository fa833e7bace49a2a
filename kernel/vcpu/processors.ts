/**
 * The memory that each processor has for itself: its stacks, with the pages between them that are not mapped, and its
 * vcpu. One block for each, one after the other.
 */
import type { u32 } from '../../transpiler/lib/index.js';
import {
  addressOf,
  at,
  hpa,
  HPA,
  instance,
  physical,
  rdmsr,
  requires,
  struct,
  u64,
  u8,
  type Hpa,
  type Hva,
} from '../../transpiler/lib/index.js';
import { apicIdOf, MAX_PROCESSORS, numberOf, ownApicId, processorCount } from '../machine/madt.js';
import { STACKS_BYTES, Stack, stackTop } from '../machine/stacks.js';
import { allocatePages } from '../memory/allocator.js';
import { DIRECT, directAddress } from '../platform.js';
import { GS_BASE } from './registers.js';
import { Vcpu } from './vcpu.js';

/** The stacks, then the vcpu in pages of its own. */
export const PROCESSOR_BYTES = 0x1_1000n;
const PROCESSOR_PAGES = 17;

const Blocks = struct('ProcessorBlocks', { size: 8 }, { start: at(0, HPA) });
const blocks = instance(Blocks);

/** How many pages `allocateProcessors` takes. */
export function processorPages(): u32 {
  return processorCount() * PROCESSOR_PAGES;
}

/** Takes the memory of all processors. */
export function allocateProcessors(): void {
  blocks.start = allocatePages(processorPages());
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) {
    const vcpu = vcpuOf(number);
    vcpu.number = u8(number);
    vcpu.apicId = apicIdOf(number);
    vcpu.stackTop = stackTop(stacksOf(vcpu), Stack.main);
  }
}

/** Where the memory of processor `number` starts, with its stacks. */
export function processorMemory(number: u32): Hpa {
  requires(number < MAX_PROCESSORS);
  return hpa(blocks.start + u64(number) * PROCESSOR_BYTES);
}

/** Where the stacks of the processor of `vcpu` are. */
export function stacksOf(vcpu: Vcpu): Hva {
  return directAddress(hpa(addressOf(vcpu) - STACKS_BYTES));
}

/** The vcpu of processor `number`, of which there have to be more. */
export function vcpuOf(number: u32): Vcpu {
  requires(number < MAX_PROCESSORS);
  return physical(Vcpu, vcpuAddress(number));
}

/** Where that is. */
export function vcpuAddress(number: u32): Hpa {
  requires(number < MAX_PROCESSORS);
  return hpa(processorMemory(number) + STACKS_BYTES);
}

/** The vcpu of the processor that runs this; null before that has one. */
export function currentVcpu(): Vcpu | null {
  const address = rdmsr(GS_BASE);
  return address < DIRECT ? null : physical(Vcpu, hpa(address - DIRECT));
}

/** The vcpu of the processor that runs this, by its APIC ID; null where the firmware has not named it. */
export function ownVcpu(): Vcpu | null {
  const number = numberOf(ownApicId());
  return number < MAX_PROCESSORS ? vcpuOf(number) : null;
}
