/**
 * The parking guest: a tiny guest of the hypervisor itself, in which a processor halts while it waits for a SIPI. There
 * the processor is in guest mode with INIT intercepted, and an NMI reaches the parking guest's handler, which ends in a
 * VMMCALL and so in a VM exit. The parking guest also takes an NMI that made a processor look for requests, before that
 * processor's own guest continues. So the host never has to execute STGI to take it, which would take an INIT too (APM
 * 2, 15.17).
 *
 * The parking guest has a VMCB for each processor, and nested page tables of its own with two pages: its code
 * (runtime-c/parking.asm), which it cannot write, and its stacks.
 */
import {
  copyMemory,
  at,
  hpa,
  HPA,
  instance,
  local,
  physical,
  rdmsr,
  struct,
  u64,
  type Hpa,
} from '../../../transpiler/lib/index.js';
import { PAGE_BYTES } from '../../x86/pages.js';
import { allocatePages } from '../../paging/allocator.js';
import { allocateControlPage } from '../../paging/controlPage.js';
import { EXECUTE, pageEntry, READ, WRITE } from '../../paging/entryFormat.js';
import { setEntry } from '../../paging/pageTables.js';
import { imageBounds } from '../../x86/platform.js';
import { PAT } from '../../x86/registers.js';
import { ProcessorState, startInRealMode } from '../../vcpu/state.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { svmEntryFormat } from '../control/entryFormat.js';
import { setGuestState } from '../control/guestState.js';
import { setParkingIntercepts } from '../control/intercepts.js';
import { TlbControl, Vmcb } from '../control/vmcb.js';

/** The length of the code and the offset of its entry, as in runtime-c/parking.asm. */
const CODE_BYTES = 0x40n;
const ENTRY = 0x10n;

/**
 * Guest-physical layout: the code is at 0, the stacks follow. A processor's stack has room for two NMIs and for what
 * their handler pushes.
 */
const STACKS = PAGE_BYTES;
const STACK_BYTES = 16n;

/** ASID 0 is the host's, ASID 1 the guest's. A processor with SVM has at least eight; QEMU and Bochs have more. */
const PARKING_ASID = 2;
const NESTED_PAGING = 1n;

const Pages = struct('ParkingPages', { size: 8 }, { tables: at(0, HPA) });
const pages = instance(Pages);

/** Prepares the parking guest of `vcpu`. */
export function prepareParkingGuest(vcpu: Vcpu): void {
  if (pages.tables === 0n) pages.tables = makeTables();
  vcpu.svm.parkingVmcb = allocateControlPage();
  const vmcb = physical(Vmcb, vcpu.svm.parkingVmcb);
  setParkingIntercepts(vmcb);
  vmcb.asid = PARKING_ASID;
  vmcb.tlbControl = TlbControl.flushAll;
  vmcb.nestedPaging = NESTED_PAGING;
  vmcb.nestedCr3 = pages.tables;
  vmcb.pat = rdmsr(PAT);
  const state = local(ProcessorState);
  startInRealMode(state, 0, 0);
  setGuestState(vmcb, state);
}

function makeTables(): Hpa {
  const root = allocatePages(1);
  const code = allocatePages(1);
  const stacks = allocatePages(1);
  const bounds = imageBounds();
  copyMemory(code, hpa(bounds.physical + u64(bounds.parking - bounds.text)), CODE_BYTES);
  const format = svmEntryFormat();
  setEntry(root, 0n, 1, pageEntry(code, READ | EXECUTE, 1, format), format);
  setEntry(root, STACKS, 1, pageEntry(stacks, READ | WRITE, 1, format), format);
  return root;
}

/**
 * Makes the processor of `vcpu` run the parking guest from the next VMRUN on. NMIs are unmasked there, and it halts.
 */
export function enterParkingGuest(vcpu: Vcpu): void {
  const vmcb = physical(Vmcb, vcpu.svm.parkingVmcb);
  vmcb.rip = ENTRY;
  vmcb.rsp = u64(STACKS + (u64(vcpu.number) + 1n) * STACK_BYTES);
  vcpu.controlPage = vcpu.svm.parkingVmcb;
}

/** Makes the processor of `vcpu` run its own guest again from the next VMRUN on. */
export function leaveParkingGuest(vcpu: Vcpu): void {
  vcpu.controlPage = vcpu.svm.guestVmcb;
}

/** Whether the processor of `vcpu` runs the parking guest. */
export function isInParkingGuest(vcpu: Vcpu): boolean {
  return vcpu.controlPage === vcpu.svm.parkingVmcb;
}
