/**
 * The memory of each processor: its stacks, with the unmapped pages between them, and its vcpu. One block for each
 * processor, in ascending order of addresses.
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
  requires,
  struct,
  u8,
  type Hpa,
  type Hva,
} from '../../transpiler/lib/index.js';
import { apicIdOf, MAX_PROCESSORS, numberOf, ownApicId, processorCount } from '../machine/madt.js';
import { noteRecords } from '../observe/events.js';
import { STACKS_BYTES, Stack, stackTop } from '../x86/stacks.js';
import { allocatePages } from '../paging/allocator.js';
import { DIRECT, directAddress, imageAddress } from '../x86/platform.js';
import { ownRecord } from '../x86/ownRecord.js';
import { Vcpu } from './vcpu.js';

/** Size of a block: the stacks, then the vcpu in pages of its own. */
export const PROCESSOR_BYTES = 0xf000n;
const PROCESSOR_PAGES = 15;

const Vcpus = struct('Vcpus', { size: 0x800 }, { addresses: at(0, arr(HVA, MAX_PROCESSORS)) });
/** Addresses of all vcpus. runtime-c/trampoline.asm reads the table too. */
const vcpus = instance(Vcpus, { align: 8 });

/** Number of pages that allocateProcessors() takes. */
export function processorPages(): u32 {
  return processorCount() * PROCESSOR_PAGES;
}

/** Allocates the memory of all processors. */
export function allocateProcessors(): void {
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) {
    vcpus.addresses.set(number, directAddress(hpa(allocatePages(PROCESSOR_PAGES) + STACKS_BYTES)));
    const vcpu = vcpuOf(number);
    vcpu.number = u8(number);
    vcpu.apicId = apicIdOf(number);
    vcpu.stackTop = stackTop(stacksOf(vcpu), Stack.main);
  }
  noteRecords(vcpuAddress(0), PROCESSOR_BYTES, count);
}

/** Address of the table of all vcpus. */
export function vcpuTable(): Hva {
  return imageAddress(addressOf(vcpus));
}

/** Start of the memory of processor `number`, where its stacks are. */
export function processorMemory(number: u32): Hpa {
  requires(number < MAX_PROCESSORS);
  return hpa(vcpuAddress(number) - STACKS_BYTES);
}

/** Address of the stacks of the processor of `vcpu`. */
export function stacksOf(vcpu: Vcpu): Hva {
  return directAddress(hpa(addressOf(vcpu) - STACKS_BYTES));
}

/** The vcpu of processor `number`, which must exist. */
export function vcpuOf(number: u32): Vcpu {
  requires(number < MAX_PROCESSORS);
  return physical(Vcpu, vcpuAddress(number));
}

/** Machine address of the vcpu of processor `number`. */
export function vcpuAddress(number: u32): Hpa {
  requires(number < MAX_PROCESSORS);
  return hpa(vcpus.addresses.get(number) - DIRECT);
}

/** The vcpu of this processor; null before it has one. */
export function currentVcpu(): Vcpu | null {
  const address = ownRecord();
  return address === 0n ? null : physical(Vcpu, address);
}

/** The vcpu of this processor, found by its APIC ID; null if the firmware has not listed the processor. */
export function ownVcpu(): Vcpu | null {
  const number = numberOf(ownApicId());
  return number < MAX_PROCESSORS ? vcpuOf(number) : null;
}
