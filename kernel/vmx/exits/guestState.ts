/** Writes the state in which the guest starts into the VMCS (SDM 3C 24.4). */
import { u64, writeCr2, writeDr0, writeDr1, writeDr2, writeDr3, writeDr6 } from '../../../transpiler/lib/index.js';
import { DR6_RESET, DR7_RESET, EFER_LMA } from '../../x86/registers.js';
import type { ProcessorState, SegmentState } from '../../vcpu/state.js';
import { setControlRegisters } from './controlRegisters.js';
import { GUEST_IS_64_BIT } from '../control/controls.js';
import { vmwrite } from '../control/operations.js';
import { chosenSetting, Controls } from '../control/settings.js';
import { Activity, Field, GUEST_BASE, GUEST_LIMIT, GUEST_RIGHTS, GUEST_SELECTOR, Segment } from '../control/vmcs.js';

/** Makes the guest continue at `state`, with no event pending and nothing blocked. */
export function setGuestState(state: ProcessorState): void {
  setSegments(state);
  setControlRegisters(state.cr0, state.cr4);
  resetOwnRegisters(state);
  vmwrite(Field.guestCr3, u64(state.cr3));
  vmwrite(Field.guestGdtrBase, u64(state.gdt.base));
  vmwrite(Field.guestGdtrLimit, u64(state.gdt.limit));
  vmwrite(Field.guestIdtrBase, u64(state.idt.base));
  vmwrite(Field.guestIdtrLimit, u64(state.idt.limit));
  vmwrite(Field.guestRip, u64(state.rip));
  vmwrite(Field.guestRsp, u64(state.rsp));
  vmwrite(Field.guestRflags, state.rflags);
  vmwrite(Field.guestDr7, DR7_RESET);
  vmwrite(Field.guestDebugControl, 0n);
  setMode(state.efer);
  vmwrite(Field.guestActivity, Activity.active);
  vmwrite(Field.guestInterruptibility, 0n);
  vmwrite(Field.guestPendingDebug, 0n);
  vmwrite(Field.entryInterruptionInformation, 0n);
}

/** Resets the registers that VMX does not switch. The hypervisor does not use them. */
function resetOwnRegisters(state: ProcessorState): void {
  writeCr2(u64(state.cr2));
  writeDr0(0n);
  writeDr1(0n);
  writeDr2(0n);
  writeDr3(0n);
  writeDr6(DR6_RESET);
}

/** Sets EFER. VM entry requires that the control for an IA-32e-mode guest equals EFER.LMA (SDM 3C 26.2.2). */
function setMode(efer: u64): void {
  const controls = u64(chosenSetting(Controls.entry));
  const mode = u64(GUEST_IS_64_BIT);
  vmwrite(Field.guestEfer, efer);
  vmwrite(Field.entryControls, (efer & EFER_LMA) !== 0n ? controls | mode : controls & u64(~mode));
}

function setSegments(state: ProcessorState): void {
  setSegment(Segment.es, state.es);
  setSegment(Segment.cs, state.cs);
  setSegment(Segment.ss, state.ss);
  setSegment(Segment.ds, state.ds);
  setSegment(Segment.fs, state.fs);
  setSegment(Segment.gs, state.gs);
  setSegment(Segment.ldtr, state.ldtr);
  setSegment(Segment.tr, state.tr);
}

function setSegment(segment: Segment, state: SegmentState): void {
  vmwrite(GUEST_SELECTOR + 2 * segment, u64(state.selector));
  vmwrite(GUEST_RIGHTS + 2 * segment, u64(state.rights));
  vmwrite(GUEST_LIMIT + 2 * segment, u64(state.limit));
  vmwrite(GUEST_BASE + 2 * segment, state.base);
}
