/** The state of a processor at the start of its guest, independent of the vendor. */
import {
  at,
  cpuid,
  GPA,
  GVA,
  gva,
  struct,
  u16,
  U16,
  u32,
  U32,
  U64,
  u64,
  type Gpa,
  type Gva,
  type Ref,
} from '../../transpiler/lib/index.js';
import {
  CR0_ET,
  CR0_NE,
  CR0_PE,
  CR0_PG,
  CR0_WP,
  CR4_PAE,
  EFER_LMA,
  EFER_LME,
  RFLAGS_RESERVED_ONE,
} from '../x86/registers.js';
import type { Registers } from './vcpu.js';
import { Leaf } from '../x86/cpuid.js';

export const SegmentState = struct(
  'SegmentState',
  { size: 24 },
  {
    base: at(0, U64),
    limit: at(8, U32),
    /**
     * Access rights in the VMCS's format (SDM 3C, table 24-2): bits 47:40 and 55:52 of the descriptor, and UNUSABLE.
     */
    rights: at(12, U32),
    selector: at(16, U16),
  },
);
export type SegmentState = Ref<typeof SegmentState>;

export const TableState = struct('TableState', { size: 16 }, { base: at(0, GVA), limit: at(8, U32) });
export type TableState = Ref<typeof TableState>;

export const ProcessorState = struct(
  'ProcessorState',
  { size: 0x120 },
  {
    rip: at(0x00, GVA),
    rsp: at(0x08, GVA),
    rflags: at(0x10, U64),
    cr0: at(0x18, U64),
    cr2: at(0x20, GVA),
    cr3: at(0x28, GPA),
    cr4: at(0x30, U64),
    efer: at(0x38, U64),
    gdt: at(0x40, TableState),
    idt: at(0x50, TableState),
    es: at(0x60, SegmentState),
    cs: at(0x78, SegmentState),
    ss: at(0x90, SegmentState),
    ds: at(0xa8, SegmentState),
    fs: at(0xc0, SegmentState),
    gs: at(0xd8, SegmentState),
    ldtr: at(0xf0, SegmentState),
    tr: at(0x108, SegmentState),
  },
);
export type ProcessorState = Ref<typeof ProcessorState>;

/** Access right: the segment register is unusable. */
export const UNUSABLE = 1 << 16;
/**
 * Rights of present, accessed segments: 16-bit data; 32-bit data, 32-bit code and 64-bit code with a limit in pages.
 */
const DATA_16 = 0x93;
const DATA_32 = 0xc093;
const CODE_32 = 0xc09b;
const CODE_64 = 0xa09b;
const LOCAL_TABLE = 0x82;
const TASK_BUSY = 0x8b;
const LIMIT_64_KIB = 0xffff;
const LIMIT_4_GIB = 0xffff_ffff;

/** Selectors of flat segments, as the boot protocols that define any have them (Linux, "64-bit boot protocol"). */
export const CODE_SELECTOR = 0x10;
export const DATA_SELECTOR = 0x18;

const LAST_VECTOR = 0xff;

/** CS and RIP after a reset. */
const RESET_SELECTOR = 0xf000;
const RESET_BASE = 0xffff_0000n;
const RESET_RIP = 0xfff0n;

/**
 * Sets the state after a reset or INIT (SDM 3A, table 9-1; APM 2, table 14-1): real mode, at the last 16 bytes below 4
 * GiB.
 */
export function startAfterReset(state: ProcessorState): void {
  startInRealMode(state, RESET_SELECTOR, 0);
  state.cs.base = RESET_BASE;
  state.rip = RESET_RIP;
}

/** Sets the state after a reset, but with CS = `selector` and IP = `offset`. */
export function startInRealMode(state: ProcessorState, selector: u16, offset: u16): void {
  startWithoutPaging(state, CR0_ET, DATA_16, DATA_16, LIMIT_64_KIB);
  state.cs.selector = selector;
  state.cs.base = u64(selector) << 4n;
  state.rip = gva(u64(offset));
}

/** Sets 32-bit protected mode at `entry`, with paging off and flat segments. */
export function startInProtectedMode(state: ProcessorState, entry: u32): void {
  startWithoutPaging(state, CR0_ET | CR0_PE, CODE_32, DATA_32, LIMIT_4_GIB);
  setFlatSelectors(state);
  state.rip = gva(u64(entry));
}

/** Sets 64-bit mode at `entry`, with the page tables at `tables` and flat segments. */
export function startInLongMode(state: ProcessorState, entry: Gva, tables: Gpa): void {
  startWithoutPaging(state, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE, CODE_64, DATA_32, LIMIT_4_GIB);
  setFlatSelectors(state);
  state.rip = entry;
  state.cr3 = tables;
  state.cr4 = CR4_PAE;
  state.efer = EFER_LME | EFER_LMA;
}

/** Sets the common part: interrupts disabled, no stack, all segments from address 0 on, empty descriptor tables. */
function startWithoutPaging(state: ProcessorState, cr0: u64, code: u32, data: u32, limit: u32): void {
  state.rsp = 0n;
  state.rflags = RFLAGS_RESERVED_ONE;
  state.cr0 = cr0;
  state.cr2 = 0n;
  state.cr3 = 0n;
  state.cr4 = 0n;
  state.efer = 0n;
  setTable(state.gdt, 0n, LIMIT_64_KIB);
  setTable(state.idt, 0n, LIMIT_64_KIB);
  setSegment(state.cs, code, limit);
  setSegment(state.es, data, limit);
  setSegment(state.ss, data, limit);
  setSegment(state.ds, data, limit);
  setSegment(state.fs, data, limit);
  setSegment(state.gs, data, limit);
  setSegment(state.ldtr, LOCAL_TABLE, LIMIT_64_KIB);
  setSegment(state.tr, TASK_BUSY, LIMIT_64_KIB);
}

/** Sets a descriptor-table register, as LGDT or LIDT does. */
export function setTable(table: TableState, base: Gva, limit: u32): void {
  table.base = base;
  table.limit = limit;
}

function setSegment(segment: SegmentState, rights: u32, limit: u32): void {
  segment.selector = 0;
  segment.base = 0n;
  segment.limit = limit;
  segment.rights = rights;
}

function setFlatSelectors(state: ProcessorState): void {
  state.cs.selector = CODE_SELECTOR;
  state.ss.selector = DATA_SELECTOR;
  state.ds.selector = DATA_SELECTOR;
  state.es.selector = DATA_SELECTOR;
}

/** Sets the state in which a SIPI with `vector` starts a processor (SDM 3A 8.4.4): real mode, at page `vector`. */
export function startAtVector(state: ProcessorState, registers: Registers, vector: u32): void {
  startInRealMode(state, u16(u32(vector & LAST_VECTOR) << 8), 0);
  resetRegisters(registers);
}

/** Sets the general registers after a reset or INIT: zeros, and in RDX CPUID.01H:EAX, the processor's signature. */
function resetRegisters(registers: Registers): void {
  const features = cpuid(Leaf.features, 0);
  registers.rax = 0n;
  registers.rcx = 0n;
  registers.rdx = u64(features.eax);
  registers.rbx = 0n;
  registers.rbp = 0n;
  registers.rsi = 0n;
  registers.rdi = 0n;
  registers.r8 = 0n;
  registers.r9 = 0n;
  registers.r10 = 0n;
  registers.r11 = 0n;
  registers.r12 = 0n;
  registers.r13 = 0n;
  registers.r14 = 0n;
  registers.r15 = 0n;
}
