/** Task-state segments of 32 and 16 bits (SDM 3A 7.2.1 and 7.6): the fields that a task switch reads and writes. */
import { arr, at, ensures, requires, struct, U16, u32, U32, u64, type Ref } from '../../../transpiler/lib/index.js';
import type { Paging } from '../../space/guestPaging.js';
import { findRange, GuestRange, readRange, writeRange } from '../../space/guestRange.js';
import type { Registers } from '../../vcpu/vcpu.js';
import { vmread, vmwrite } from '../control/operations.js';
import { Field, GUEST_SELECTOR } from '../control/vmcs.js';

/** Number of segment registers in the state, in the order of the VMCS. */
const SEGMENTS_32 = 6;
const SEGMENTS_16 = 4;

/** A task and the memory of its state. */
export const Task = struct(
  'Task',
  { size: 136 },
  {
    selector: at(0, U32),
    /** From its descriptor, in the VMCS's format. */
    base: at(4, U32),
    limit: at(8, U32),
    rights: at(12, U32),
    /** Bytes of a general register in the state: 4 or 2. */
    width: at(16, U32),
    descriptor: at(24, GuestRange),
    /** Memory of the whole state, and of the fields from the instruction pointer on. */
    state: at(56, GuestRange),
    fields: at(88, GuestRange),
    /** The new task's selectors, read once, since another processor may change them in memory meanwhile. */
    selectors: at(120, arr(U16, SEGMENTS_32)),
    localTable: at(132, U16),
  },
);
export type Task = Ref<typeof Task>;

const INSTRUCTION_POINTER_32 = 0x20;
const INSTRUCTION_POINTER_16 = 0x0e;
/**
 * Lengths from the instruction pointer on: what a switch saves, and what it loads, which includes the selector of the
 * local descriptor table.
 */
const SAVED_BYTES_32 = 0x40;
const SAVED_BYTES_16 = 0x1c;
const LOADED_BYTES_32 = 0x44;
const LOADED_BYTES_16 = 0x1e;
export const STATE_BYTES_32 = 0x68;
export const STATE_BYTES_16 = 0x2c;
const CR3 = 0x1c;
const DEBUG_TRAP = 0x64;
const WIDE = 4;
/** High half of a register after a 16-bit task has loaded it. */
const HIGH_ONES = 0xffff_0000;

/**
 * Numbers of the general registers, the same in the state as in instructions. The next constants are positions in the
 * state, in words after the instruction pointer.
 */
const GeneralRegister = { eax: 0, ecx: 1, edx: 2, ebx: 3, esp: 4, ebp: 5, esi: 6, edi: 7 } as const;
const FLAGS_AFTER = 1;
const REGISTERS_AFTER = 2;
const SEGMENTS_AFTER = 10;

/** Number of bytes of a state with `width`. */
export function stateBytes(width: u32): u32 {
  return width === WIDE ? STATE_BYTES_32 : STATE_BYTES_16;
}

/** Finds the fields that are saved in the old task's state, for writing. Returns false if that is a page fault. */
export function findSavedFields(task: Task, paging: Paging): boolean {
  const bytes: u32 = task.width === WIDE ? SAVED_BYTES_32 : SAVED_BYTES_16;
  return findRange(task.fields, paging, fieldsAddress(task), bytes, true);
}

/** Finds the fields that are loaded from the new task's state, for reading. Returns false if that is a page fault. */
export function findLoadedFields(task: Task, paging: Paging): boolean {
  const bytes: u32 = task.width === WIDE ? LOADED_BYTES_32 : LOADED_BYTES_16;
  return findRange(task.fields, paging, fieldsAddress(task), bytes, false);
}

function fieldsAddress(task: Task): u32 {
  return u32(task.base + (task.width === WIDE ? INSTRUCTION_POINTER_32 : INSTRUCTION_POINTER_16));
}

/** The field that is `index` words of the task's width after the instruction pointer. */
function readField(task: Task, index: u32): u32 {
  requires(index <= 16);
  return task.width === WIDE ? readRange(task.fields, 4 * index, 4) : readRange(task.fields, 2 * index, 2);
}

function writeField(task: Task, index: u32, value: u64): void {
  requires(index <= 16);
  if (task.width === WIDE) writeRange(task.fields, 4 * index, 4, u32(value));
  else writeRange(task.fields, 2 * index, 2, u32(value));
}

/** Saves the guest's state in `task`, which will continue at `instruction` with `flags` (SDM 3A 7.3, step 9). */
export function saveState(task: Task, registers: Registers, instruction: u64, flags: u64): void {
  writeField(task, 0, instruction);
  writeField(task, FLAGS_AFTER, flags);
  writeField(task, REGISTERS_AFTER + GeneralRegister.eax, registers.rax);
  writeField(task, REGISTERS_AFTER + GeneralRegister.ecx, registers.rcx);
  writeField(task, REGISTERS_AFTER + GeneralRegister.edx, registers.rdx);
  writeField(task, REGISTERS_AFTER + GeneralRegister.ebx, registers.rbx);
  writeField(task, REGISTERS_AFTER + GeneralRegister.esp, vmread(Field.guestRsp));
  writeField(task, REGISTERS_AFTER + GeneralRegister.ebp, registers.rbp);
  writeField(task, REGISTERS_AFTER + GeneralRegister.esi, registers.rsi);
  writeField(task, REGISTERS_AFTER + GeneralRegister.edi, registers.rdi);
  const segments = segmentCount(task);
  for (let i: u32 = 0; i < segments && i < SEGMENTS_32; i++) {
    writeField(task, SEGMENTS_AFTER + i, vmread(GUEST_SELECTOR + 2 * i));
  }
}

/** Loads the general registers and the instruction pointer of `task`. */
export function loadRegisters(task: Task, registers: Registers): void {
  vmwrite(Field.guestRip, u64(readField(task, 0)));
  registers.rax = readRegister(task, GeneralRegister.eax);
  registers.rcx = readRegister(task, GeneralRegister.ecx);
  registers.rdx = readRegister(task, GeneralRegister.edx);
  registers.rbx = readRegister(task, GeneralRegister.ebx);
  vmwrite(Field.guestRsp, readRegister(task, GeneralRegister.esp));
  registers.rbp = readRegister(task, GeneralRegister.ebp);
  registers.rsi = readRegister(task, GeneralRegister.esi);
  registers.rdi = readRegister(task, GeneralRegister.edi);
}

function readRegister(task: Task, register: u32): u64 {
  requires(register < 8);
  const value = readField(task, REGISTERS_AFTER + register);
  return u64(task.width === WIDE ? value : u32(value | HIGH_ONES));
}

/** The flags in the state of `task`. */
export function stateFlags(task: Task): u64 {
  return u64(readField(task, FLAGS_AFTER));
}

/** Reads the selectors of `task`; that of the local table comes last. A 16-bit task has none for FS and GS. */
export function readSelectors(task: Task): void {
  const segments = segmentCount(task);
  for (let i: u32 = 0; i < segments && i < SEGMENTS_32; i++) {
    task.selectors.set(i, readField(task, SEGMENTS_AFTER + i) & 0xffff);
  }
  task.localTable = readField(task, SEGMENTS_AFTER + segments) & 0xffff;
}

function segmentCount(task: Task): u32 {
  const segments: u32 = task.width === WIDE ? SEGMENTS_32 : SEGMENTS_16;
  ensures(segments <= SEGMENTS_32);
  return segments;
}

/** Whether `task` has 32 bits. Only such a task has a CR3 and the T flag. */
export function isWide(task: Task): boolean {
  return task.width === WIDE;
}

export function stateCr3(task: Task): u64 {
  return u64(readRange(task.state, CR3, 4));
}

/** Whether the T flag of a 32-bit task state is set: the task raises #DB before its first instruction. */
export function asksForDebugTrap(task: Task): boolean {
  return isWide(task) && (readRange(task.state, DEBUG_TRAP, 1) & 1) !== 0;
}
