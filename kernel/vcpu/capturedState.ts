/** Completes the captured state of a processor that continues as a guest (SDM 3A 3.4.5; APM 2, 4.7 and 4.8). */
import { hpa, rdmsr, u16, u32, u64, window, type Hpa } from '../../transpiler/lib/index.js';
import { FS_BASE, GS_BASE } from '../x86/registers.js';
import { UNUSABLE, type ProcessorState, type SegmentState, type TableState } from './state.js';

/** Fields of a selector: the descriptor's offset in its table, and the bit for the local table. */
const OFFSET = 0xfff8;
const LOCAL = 1 << 2;
const DESCRIPTOR_BYTES = 8;

/** The access rights are in the upper half of a descriptor from bit 8 on. Their bits: */
const RIGHTS_SHIFT = 8;
const RIGHTS = 0xf0ff;
const ACCESSED = 1 << 0;
const BUSY = 1 << 1;
const NOT_SYSTEM = 1 << 4;
const PRESENT = 1 << 7;
const IN_PAGES = 1 << 15;

/** The task register after a reset. Firmware seldom loads it, but VMX requires a busy TSS in it (SDM 3C 26.3.1.2). */
const TASK_RIGHTS = 0x8b;
const TASK_LIMIT = 0xffff;

/**
 * Fills in base, limit and rights of the segment registers from the descriptors that their selectors name. The
 * descriptors lie in identity-mapped memory.
 */
export function completeSegments(state: ProcessorState): void {
  completeSegment(state.es, state.gdt, ACCESSED);
  completeSegment(state.cs, state.gdt, ACCESSED);
  completeSegment(state.ss, state.gdt, ACCESSED);
  completeSegment(state.ds, state.gdt, ACCESSED);
  completeSegment(state.fs, state.gdt, ACCESSED);
  completeSegment(state.gs, state.gdt, ACCESSED);
  completeSegment(state.ldtr, state.gdt, 0);
  completeSegment(state.tr, state.gdt, BUSY);
  state.fs.base = rdmsr(FS_BASE);
  state.gs.base = rdmsr(GS_BASE);
  if (state.tr.rights !== UNUSABLE) return;
  state.tr.rights = TASK_RIGHTS;
  state.tr.limit = TASK_LIMIT;
}

/** Fills in one segment register. `ones` are the rights that the processor sets when it loads the register. */
function completeSegment(segment: SegmentState, table: TableState, ones: u32): void {
  const selector = segment.selector;
  segment.base = 0n;
  segment.limit = 0;
  segment.rights = UNUSABLE;
  if (!isDescribed(selector, table)) return;
  const place = hpa(u64(table.base + u64(selector & OFFSET)));
  const descriptor = window(place, DESCRIPTOR_BYTES);
  const low = descriptor.u32(0);
  const high = descriptor.u32(4);
  const rights = (high >>> RIGHTS_SHIFT) & RIGHTS;
  if ((rights & PRESENT) === 0) return;
  const limit = u32((low & 0xffff) | (high & 0xf_0000));
  segment.rights = u32(rights | ones);
  segment.limit = (rights & IN_PAGES) !== 0 ? u32((limit << 12) | 0xfff) : limit;
  segment.base = u64(u32((low >>> 16) | ((high & 0xff) << 16) | (high & 0xff00_0000)));
  const isSystem = (rights & NOT_SYSTEM) === 0;
  if (isSystem && isDescribed(u16(selector + DESCRIPTOR_BYTES), table)) segment.base = wideBase(segment.base, place);
}

/** Whether the table has a descriptor for `selector`. */
function isDescribed(selector: u16, table: TableState): boolean {
  const offset = selector & OFFSET;
  return offset !== 0 && (selector & LOCAL) === 0 && offset + (DESCRIPTOR_BYTES - 1) <= table.limit;
}

/** The base of a 16-byte descriptor, which a TSS or LDT has: bits 63:32 are in its second half. */
function wideBase(low: u64, descriptor: Hpa): u64 {
  return low | (u64(window(hpa(descriptor + 8n), 4).u32(0)) << 32n);
}
