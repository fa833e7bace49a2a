/** The state in which the guest's processor starts, in the VMCB (APM 2, 15.5.1 and table B-2). */
import { rdmsr, u64, type u16, type u32 } from '../../transpiler/lib/index.js';
import {
  CODE_64,
  DATA_32,
  FLAT_LIMIT,
  GUEST_CODE_SELECTOR,
  GUEST_DATA_SELECTOR,
  TASK_BUSY,
  TASK_LIMIT,
  type GuestStart,
} from '../guest/guestStart.js';
import type { Registers } from '../vcpu/vcpu.js';
import {
  CR0_ET,
  CR0_NE,
  CR0_PE,
  CR0_PG,
  CR0_WP,
  CR4_PAE,
  DR7_RESET,
  EFER_LMA,
  EFER_LME,
  PAT,
  RFLAGS_RESERVED_ONE,
} from '../vcpu/registers.js';
import { DR6_RESET, EFER_SVME } from './registers.js';
import type { Segment, Vmcb } from './vmcb.js';

/** Attributes of a local descriptor table that is present. */
const LDT = 0x082;

/** 64-bit mode with paging on and interrupts off, at `start`. */
export function setGuestState(vmcb: Vmcb, registers: Registers, start: GuestStart): void {
  registers.rsi = start.rsi;
  setSegments(vmcb);
  vmcb.gdtr.base = u64(start.gdtBase);
  vmcb.gdtr.limit = start.gdtLimit;
  vmcb.rip = u64(start.rip);
  vmcb.rsp = u64(start.rsp);
  vmcb.rflags = RFLAGS_RESERVED_ONE;
  vmcb.cr0 = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE;
  vmcb.cr3 = start.cr3;
  vmcb.cr4 = CR4_PAE;
  vmcb.efer = EFER_LME | EFER_LMA | EFER_SVME;
  vmcb.dr6 = DR6_RESET;
  vmcb.dr7 = DR7_RESET;
  vmcb.pat = rdmsr(PAT);
}

function setSegments(vmcb: Vmcb): void {
  setSegment(vmcb.cs, GUEST_CODE_SELECTOR, CODE_64, FLAT_LIMIT);
  setSegment(vmcb.ss, GUEST_DATA_SELECTOR, DATA_32, FLAT_LIMIT);
  setSegment(vmcb.ds, GUEST_DATA_SELECTOR, DATA_32, FLAT_LIMIT);
  setSegment(vmcb.es, GUEST_DATA_SELECTOR, DATA_32, FLAT_LIMIT);
  setSegment(vmcb.fs, 0, DATA_32, FLAT_LIMIT);
  setSegment(vmcb.gs, 0, DATA_32, FLAT_LIMIT);
  setSegment(vmcb.tr, 0, TASK_BUSY, TASK_LIMIT);
  setSegment(vmcb.ldtr, 0, LDT, 0);
}

function setSegment(segment: Segment, selector: u16, attributes: u16, limit: u32): void {
  segment.selector = selector;
  segment.attributes = attributes;
  segment.limit = limit;
}
