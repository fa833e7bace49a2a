/** Emulates the guest's intercepted accesses to regions that have an owner. */
import { gva, hpa, local, requires, u32, u64, window, type Gpa } from '../../../transpiler/lib/index.js';
import { Answer } from '../../access/answer.js';
import { OWNERS } from '../../access/owner.js';
import { isInApicPage } from '../../devices/localApic/mediator.js';
import {
  decodeAccess,
  emulateAccess,
  emulateStore,
  emulationOf,
  type Emulation,
  refuseFetch,
  undecoded,
} from '../../exits/emulate.js';
import { emulateMove, OtherOperand } from '../../exits/moveString.js';
import { stopGuest } from '../../exits/stopGuest.js';
import { lastAddress, READABLE_BYTES, type CodeSize } from '../../instruction/code.js';
import { isStore, otherOffset, otherSegment } from '../../instruction/execute.js';
import { Decoding, READS, WRITES } from '../../instruction/instruction.js';
import { isMove } from '../../instruction/parts.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import {
  codeSize,
  fetchInstruction,
  raiseFetchFault,
  raisePageFault,
  readPaging,
  segmentBase,
} from '../control/guestCode.js';
import { EVENT_VALID } from '../control/inject.js';
import { finishInstruction } from '../control/instruction.js';
import { FETCHED_CODE, GIVEN_CODE, TlbControl, type Vmcb } from '../control/vmcb.js';
import { mayEndInterception, svmInterceptsApic } from '../reset/apicInterception.js';

/**
 * EXITINFO1 of a nested page fault (APM 2, 15.25.6): the access was a write; an instruction fetch; in reading the
 * guest's page tables, not the final access.
 */
const IS_WRITE_SHIFT = 1n;
const IS_FETCH = 1n << 4n;
const IN_PAGE_TABLES = 1n << 33n;

/** Handles an access of the guest to `address`, which is in a region of `owner`. */
export function onRegionAccess(vcpu: Vcpu, vmcb: Vmcb, address: Gpa, owner: u32): void {
  requires(owner < OWNERS);
  if (mayEndInterception() && isInApicPage(address) && !svmInterceptsApic()) {
    vmcb.tlbControl = TlbControl.flushAll;
    return;
  }
  const info = vmcb.exitInfo1;
  if ((info & (IN_PAGE_TABLES | IS_FETCH)) !== 0n || (vmcb.exitIntInfo & EVENT_VALID) !== 0n) {
    refuse(vmcb, address);
    return;
  }
  const emulation = emulationOf(vcpu);
  emulation.access.address = u64(address);
  emulation.access.rip = vmcb.rip;
  emulate(vcpu, vmcb, emulation, owner, READS + (u32(info >> IS_WRITE_SHIFT) & 1));
}

/** Refuses what no driver does: an event in delivery, the processor's reads of page tables, and fetches of code. */
function refuse(vmcb: Vmcb, address: Gpa): void {
  if ((vmcb.exitInfo1 & IN_PAGE_TABLES) !== 0n || (vmcb.exitIntInfo & EVENT_VALID) !== 0n) {
    stopGuest('the guest used registers of a device as page table or stack', vmcb.rip);
  }
  finishInstruction(vmcb, 0, refuseFetch(address, vmcb.rip));
}

/**
 * Emulates the instruction at the guest's RIP. A nested page fault does not report the next RIP (APM 2, 15.7.1), so the
 * length comes from the code.
 */
function emulate(vcpu: Vcpu, vmcb: Vmcb, emulation: Emulation, owner: u32, access: u32): void {
  requires(owner < OWNERS && access <= WRITES);
  const size = codeSize(vmcb);
  const given = vmcb.givenBytes;
  const code = window(hpa(vcpu.controlPage + (given !== 0 ? GIVEN_CODE : FETCHED_CODE)), READABLE_BYTES);
  const count = given !== 0 ? given : fetchInstruction(code, vmcb, size);
  const decoding = decodeAccess(emulation, code, count, size, access);
  vcpu.registers.rsp = vmcb.rsp;
  if (decoding === Decoding.cut) raiseFetchFault(vmcb, size, count);
  else if (decoding !== Decoding.done) finishInstruction(vmcb, 0, undecoded(decoding));
  else if (!isStore(emulation.instruction)) emulateOthers(vcpu, vmcb, emulation, owner, size);
  else finishInstruction(vmcb, emulation.instruction.length, emulateStore(vcpu, emulation, owner));
}

/** Emulates an instruction that may change flags and registers. */
function emulateOthers(vcpu: Vcpu, vmcb: Vmcb, emulation: Emulation, owner: u32, size: CodeSize): void {
  requires(owner < OWNERS);
  emulation.flags = vmcb.rflags;
  const answer = isMove(emulation.instruction)
    ? emulateMoves(vcpu, vmcb, emulation, owner, size)
    : emulateAccess(vcpu, emulation, owner);
  vmcb.rsp = vcpu.registers.rsp;
  vmcb.rflags = emulation.flags;
  if (answer === Answer.pageFault) raisePageFault(vmcb, gva(emulation.faultAddress), emulation.faultCode);
  else finishInstruction(vmcb, emulation.length, answer);
}

/** Emulates a MOVS. */
function emulateMoves(vcpu: Vcpu, vmcb: Vmcb, emulation: Emulation, owner: u32, size: CodeSize): Answer {
  requires(owner < OWNERS);
  const other = local(OtherOperand);
  const base = segmentBase(vmcb, otherSegment(emulation.instruction), size);
  readPaging(other.paging, vmcb);
  other.last = lastAddress(size);
  other.address = u64(base + otherOffset(emulation.instruction, vcpu.registers)) & other.last;
  other.level = vmcb.cpl;
  return emulateMove(vcpu, emulation, owner, other);
}
