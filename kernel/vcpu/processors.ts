/**
 * The memory that each processor has for itself: its stacks, with the pages between them that are not mapped, and its
 * vcpu. One block for each, in ascending order.
 */
import type { u32 } from '../../transpiler/lib/index.js';
import {
  addressOf,
  arr,
  at,
  hpa,
  HVA,
  instance,
  physical,
  rdmsr,
  requires,
  struct,
  u8,
  type Hpa,
  type Hva,
} from '../../transpiler/lib/index.js';
import { apicIdOf, MAX_PROCESSORS, numberOf, ownApicId, processorCount } from '../machine/madt.js';
import { STACKS_BYTES, Stack, stackTop } from '../x86/stacks.js';
import { allocatePages } from '../paging/allocator.js';
import { DIRECT, directAddress, imageAddress } from '../x86/platform.js';
import { GS_BASE } from '../x86/registers.js';
import { Vcpu } from './vcpu.js';

/** The stacks, then the vcpu in pages of its own. */
export const PROCESSOR_BYTES = 0xf000n;
const PROCESSOR_PAGES = 15;

const Vcpus = struct('Vcpus', { size: 0x800 }, { addresses: at(0, arr(HVA, MAX_PROCESSORS)) });
/** Where each processor's vcpu is mapped; runtime-c/trampoline.asm reads it, too. */
const vcpus = instance(Vcpus, { align: 8 });

/** How many pages `allocateProcessors` takes. */
export function processorPages(): u32 {
  return processorCount() * PROCESSOR_PAGES;
}

/** Takes the memory of all processors. */
export function allocateProcessors(): void {
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) {
    vcpus.addresses.set(number, directAddress(hpa(allocatePages(PROCESSOR_PAGES) + STACKS_BYTES)));
    const vcpu = vcpuOf(number);
    vcpu.number = u8(number);
    vcpu.apicId = apicIdOf(number);
    vcpu.stackTop = stackTop(stacksOf(vcpu), Stack.main);
  }
}

/** The table of all vcpus' addresses. */
export function vcpuTable(): Hva {
  return imageAddress(addressOf(vcpus));
}

/** Where the memory of processor `number` starts, with its stacks. */
export function processorMemory(number: u32): Hpa {
  requires(number < MAX_PROCESSORS);
  return hpa(vcpuAddress(number) - STACKS_BYTES);
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
  return hpa(vcpus.addresses.get(number) - DIRECT);
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
