/** Writes the state in which the guest starts into the VMCB (APM 2, 15.5.1 and table B-2). */
import { u16, u64 } from '../../../transpiler/lib/index.js';
import { DR6_RESET, DR7_RESET } from '../../x86/registers.js';
import { UNUSABLE, type ProcessorState, type SegmentState, type TableState } from '../../vcpu/state.js';
import { EFER_SVME } from './registers.js';
import type { Segment, Vmcb } from './vmcb.js';

/** Makes the guest continue at `state`, with no event pending and no interrupt shadow. */
export function setGuestState(vmcb: Vmcb, state: ProcessorState): void {
  setSegment(vmcb.es, state.es);
  setSegment(vmcb.cs, state.cs);
  setSegment(vmcb.ss, state.ss);
  setSegment(vmcb.ds, state.ds);
  setSegment(vmcb.fs, state.fs);
  setSegment(vmcb.gs, state.gs);
  setSegment(vmcb.ldtr, state.ldtr);
  setSegment(vmcb.tr, state.tr);
  setTable(vmcb.gdtr, state.gdt);
  setTable(vmcb.idtr, state.idt);
  vmcb.cpl = (state.ss.rights >>> 5) & 3;
  vmcb.rip = u64(state.rip);
  vmcb.rsp = u64(state.rsp);
  vmcb.rflags = state.rflags;
  vmcb.cr0 = state.cr0;
  vmcb.cr2 = state.cr2;
  vmcb.cr3 = state.cr3;
  vmcb.cr4 = state.cr4;
  vmcb.efer = state.efer | EFER_SVME;
  vmcb.dr6 = DR6_RESET;
  vmcb.dr7 = DR7_RESET;
  vmcb.interruptShadow = 0n;
  vmcb.eventInj = 0n;
}

/**
 * Copies a segment register. The VMCB stores the access rights without the gap of four bits. An unusable segment
 * becomes not present.
 */
function setSegment(segment: Segment, state: SegmentState): void {
  const rights = state.rights;
  segment.selector = state.selector;
  segment.attributes = (rights & UNUSABLE) !== 0 ? 0 : u16((rights & 0xff) | ((rights >>> 4) & 0xf00));
  segment.limit = state.limit;
  segment.base = state.base;
}

function setTable(table: Segment, state: TableState): void {
  table.base = u64(state.base);
  table.limit = state.limit;
}
