/** The state in which the guest's processor starts, in the VMCS (SDM 3C 24.4). */
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
import { setControlRegisters } from './controlRegisters.js';
import { vmwrite } from './operations.js';
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
import { Field, GUEST_BASE, GUEST_LIMIT, GUEST_RIGHTS, GUEST_SELECTOR, Segment, UNUSABLE } from './vmcs.js';

/** The link pointer of a VMCS that shadows none (SDM 3C 24.4.2). */
const NO_LINK = 0xffff_ffff_ffff_ffffn;

/** 64-bit mode with paging on and interrupts off, at `start`. The VMCS is a zeroed one. */
export function setGuestState(registers: Registers, start: GuestStart): void {
  registers.rsi = start.rsi;
  setSegments();
  setControlRegisters(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE, CR4_PAE);
  vmwrite(Field.guestCr3, u64(start.cr3));
  vmwrite(Field.guestGdtrBase, u64(start.gdtBase));
  vmwrite(Field.guestGdtrLimit, u64(start.gdtLimit));
  vmwrite(Field.guestRip, u64(start.rip));
  vmwrite(Field.guestRsp, u64(start.rsp));
  vmwrite(Field.guestRflags, RFLAGS_RESERVED_ONE);
  vmwrite(Field.guestDr7, DR7_RESET);
  vmwrite(Field.guestEfer, EFER_LME | EFER_LMA);
  vmwrite(Field.guestPat, rdmsr(PAT));
  vmwrite(Field.linkPointer, NO_LINK);
}

function setSegments(): void {
  setSegment(Segment.cs, GUEST_CODE_SELECTOR, CODE_64, FLAT_LIMIT);
  setSegment(Segment.ss, GUEST_DATA_SELECTOR, DATA_32, FLAT_LIMIT);
  setSegment(Segment.ds, GUEST_DATA_SELECTOR, DATA_32, FLAT_LIMIT);
  setSegment(Segment.es, GUEST_DATA_SELECTOR, DATA_32, FLAT_LIMIT);
  setSegment(Segment.fs, 0, DATA_32, FLAT_LIMIT);
  setSegment(Segment.gs, 0, DATA_32, FLAT_LIMIT);
  setSegment(Segment.tr, 0, TASK_BUSY, TASK_LIMIT);
  vmwrite(GUEST_RIGHTS + 2 * Segment.ldtr, u64(UNUSABLE));
}

/** `attributes` are bits 55:52 and 47:40 of the descriptor; access rights have a gap of four bits between them. */
function setSegment(segment: Segment, selector: u16, attributes: u16, limit: u32): void {
  const low = u64(attributes) & 0xffn;
  const high = u64(attributes) & 0xf00n;
  vmwrite(GUEST_SELECTOR + 2 * segment, u64(selector));
  vmwrite(GUEST_RIGHTS + 2 * segment, low | (high << 4n));
  vmwrite(GUEST_LIMIT + 2 * segment, u64(limit));
  vmwrite(GUEST_BASE + 2 * segment, 0n);
}
