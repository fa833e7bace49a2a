/** The hypervisor's own segments, TSS and IDT (SDM 3A, chapters 3, 6 and 8). */
import type { Hva, Ref, u8 } from '../../transpiler/lib/index.js';
import {
  addressOf,
  arr,
  at,
  hva,
  HVA,
  instance,
  lgdt,
  lidt,
  ltr,
  readCr4,
  struct,
  U16,
  u16,
  U32,
  u32,
  U64,
  u64,
  U8,
  writeCr4,
} from '../../transpiler/lib/index.js';
import { imageAddress, imageBounds } from './platform.js';
import { imageStacks, Stack, stackTop } from './stacks.js';

const NMI = 2;
const DOUBLE_FAULT = 8;
const MACHINE_CHECK = 18;
const VECTORS = 32;

/** The same descriptors as in runtime-c/boot.asm and trampoline.asm, so that the loaded selectors stay valid. */
export const CODE_DESCRIPTOR = 0x0020_9b00_0000_0000n;
export const DATA_DESCRIPTOR = 0x0000_9300_0000_0000n;
export const CODE_SELECTOR = 0x08;
export const DATA_SELECTOR = 0x10;
export const TASK_SELECTOR = 0x18;
const TABLE_LIMIT = 0x27;

/** CR4.MCE: without it a machine check resets the machine (SDM 3A 2.5). */
const MACHINE_CHECK_ENABLE = 1n << 6n;

/** Present, available 64-bit TSS (SDM 3A 8.2.3). */
const TASK_PRESENT_AVAILABLE = 0x89n;
/** Present, 64-bit interrupt gate: interrupts are off on entry (SDM 3A 6.14.1). */
const PRESENT_INTERRUPT_GATE = 0x8e;

const TASK_BYTES = 104;
const TASK_OFFSET = 0x30n;
const GATES_LIMIT = 0x1ff;

/** 64-bit TSS (SDM 3A 8.7). */
const TaskState = struct(
  'TaskState',
  { size: TASK_BYTES },
  { interruptStacks: at(0x24, arr(HVA, 7)), ioMapBase: at(0x66, U16) },
);
type TaskState = Ref<typeof TaskState>;

/** Interrupt gate (SDM 3A 6.14.1). */
const Gate = struct(
  'Gate',
  { size: 16 },
  {
    offsetLow: at(0, U16),
    selector: at(2, U16),
    interruptStack: at(4, U8),
    kind: at(5, U8),
    offsetMiddle: at(6, U16),
    offsetHigh: at(8, U32),
  },
);

/** The tables that each processor has for itself: its GDT, which includes the TSS descriptor, and its TSS. */
export const DescriptorTables = struct(
  'DescriptorTables',
  { size: 0x98 },
  { segments: at(0x00, arr(U64, 5)), task: at(0x30, TaskState) },
);
export type DescriptorTables = Ref<typeof DescriptorTables>;

const early = instance(DescriptorTables, { align: 16 });
const gates = instance(arr(Gate, VECTORS), { align: 16 });

/** Replaces the loader's tables. From here on an exception is reported instead of resetting the machine. */
export function loadDescriptors(): void {
  fillGates(CODE_SELECTOR, true);
  useDescriptors(early, imageAddress(addressOf(early)), imageStacks());
}

/** Reports exceptions while the firmware's segments stay in use; `selector` is that of the firmware's code segment. */
export function loadGates(selector: u16): void {
  fillGates(selector, false);
  lidt(gatesAddress(), GATES_LIMIT);
}

/** Makes this processor use `tables`, mapped at `address`, and the set of stacks at `stacks`. */
export function useDescriptors(tables: DescriptorTables, address: Hva, stacks: Hva): void {
  fillTask(tables.task, stacks);
  fillSegments(tables, taskAddress(address));
  lgdt(address, TABLE_LIMIT);
  lidt(gatesAddress(), GATES_LIMIT);
  ltr(TASK_SELECTOR);
  writeCr4(readCr4() | MACHINE_CHECK_ENABLE);
}

/** Address of the IDT, which all processors share. */
export function gatesAddress(): Hva {
  return imageAddress(addressOf(gates));
}

/** Address of the TSS in the tables that are mapped at `address`. */
export function taskAddress(address: Hva): Hva {
  return hva(address + TASK_OFFSET);
}

function fillTask(task: TaskState, stacks: Hva): void {
  task.interruptStacks.set(Stack.nmi - 1, stackTop(stacks, Stack.nmi));
  task.interruptStacks.set(Stack.doubleFault - 1, stackTop(stacks, Stack.doubleFault));
  task.interruptStacks.set(Stack.machineCheck - 1, stackTop(stacks, Stack.machineCheck));
  task.ioMapBase = TASK_BYTES;
}

function fillSegments(tables: DescriptorTables, task: Hva): void {
  const base: u64 = u64(task);
  const low = (TASK_PRESENT_AVAILABLE << 40n) | ((base & 0xffffffn) << 16n) | (((base >> 24n) & 0xffn) << 56n);
  tables.segments.set(1, CODE_DESCRIPTOR);
  tables.segments.set(2, DATA_DESCRIPTOR);
  tables.segments.set(3, u64(low | u64(TASK_BYTES - 1)));
  tables.segments.set(4, base >> 32n);
}

/**
 * Fills the IDT. `selector` is that of the code segment. Without `hasStacks` every exception runs on the current stack.
 */
function fillGates(selector: u16, hasStacks: boolean): void {
  const bounds = imageBounds();
  const stubs: u64 = u64(bounds.exceptionStubs);
  for (let vector: u32 = 0; vector < VECTORS; vector++) {
    const entry = u64(stubs + u64(vector * 16));
    const gate = gates.at(vector);
    gate.offsetLow = u16(entry);
    gate.offsetMiddle = u16(entry >> 16n);
    gate.offsetHigh = u32(entry >> 32n);
    gate.selector = selector;
    gate.interruptStack = hasStacks ? interruptStackOf(vector) : 0;
    gate.kind = PRESENT_INTERRUPT_GATE;
  }
}

/**
 * Number of a vector's stack in the TSS; 0: the current stack. An exception that may arrive while the main stack is
 * unusable, or in an unknown state, has a stack of its own.
 */
function interruptStackOf(vector: u32): u8 {
  switch (vector) {
    case NMI:
      return Stack.nmi;
    case DOUBLE_FAULT:
      return Stack.doubleFault;
    case MACHINE_CHECK:
      return Stack.machineCheck;
    default:
      return 0;
  }
}
