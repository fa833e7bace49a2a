/** Emulates the guest's intercepted accesses to regions that have an owner. */
import { addressOf, gva, local, requires, u32, u64, window, type Gpa } from '../../../transpiler/lib/index.js';
import { Answer } from '../../access/answer.js';
import { OWNERS } from '../../access/owner.js';
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
import { codeSize } from '../control/codeMode.js';
import { finishBytes } from '../control/finishInstruction.js';
import {
  fetchInstruction,
  privilegeLevel,
  raiseFetchFault,
  raisePageFault,
  readPaging,
  segmentBase,
} from '../control/guestCode.js';
import { blockNmiAgain, isInDelivery, NMI_UNBLOCKED } from '../control/inject.js';
import { vmread, vmwrite } from '../control/operations.js';
import { Field } from '../control/vmcs.js';

/**
 * Exit qualification of an EPT violation (SDM 3C, table 27-7): the access was a write; an instruction fetch; the guest's
 * linear address is valid; the access was the final one, not one to the guest's page tables.
 */
const IS_WRITE_SHIFT = 1n;
const IS_FETCH = 1n << 2n;
const IS_FINAL = (1n << 7n) | (1n << 8n);

/** Handles an access of the guest to `address`, which is in a region of `owner`. */
export function onRegionAccess(vcpu: Vcpu, address: Gpa, owner: u32): void {
  requires(owner < OWNERS);
  const qualification = vmread(Field.exitQualification);
  const rip = vmread(Field.guestRip);
  if ((qualification & IS_FINAL) !== IS_FINAL || isInDelivery()) {
    stopGuest('the guest used registers of a device as page table or stack', rip);
  }
  if ((qualification & NMI_UNBLOCKED) !== 0n) blockNmiAgain();
  if ((qualification & IS_FETCH) !== 0n) {
    finishBytes(0, refuseFetch(address, rip));
    return;
  }
  const emulation = emulationOf(vcpu);
  emulation.access.address = u64(address);
  emulation.access.rip = rip;
  emulate(vcpu, emulation, owner, READS + (u32(qualification >> IS_WRITE_SHIFT) & 1));
}

/**
 * Emulates the instruction at the guest's RIP. Not all processors report its length for an EPT violation (SDM 3C 27.2.5), so
 * that comes from the code.
 */
function emulate(vcpu: Vcpu, emulation: Emulation, owner: u32, access: u32): void {
  requires(owner < OWNERS && access <= WRITES);
  const size = codeSize();
  const code = window(addressOf(emulation.code), READABLE_BYTES);
  const count = fetchInstruction(code, size);
  const decoding = decodeAccess(emulation, code, count, size, access);
  vcpu.registers.rsp = vmread(Field.guestRsp);
  if (decoding === Decoding.cut) raiseFetchFault(size, count);
  else if (decoding !== Decoding.done) finishBytes(0, undecoded(decoding));
  else if (!isStore(emulation.instruction)) emulateOthers(vcpu, emulation, owner, size);
  else finishBytes(emulation.instruction.length, emulateStore(vcpu, emulation, owner));
}

/** Emulates an instruction that may change flags and registers. */
function emulateOthers(vcpu: Vcpu, emulation: Emulation, owner: u32, size: CodeSize): void {
  requires(owner < OWNERS);
  emulation.flags = vmread(Field.guestRflags);
  const answer = isMove(emulation.instruction)
    ? emulateMoves(vcpu, emulation, owner, size)
    : emulateAccess(vcpu, emulation, owner);
  vmwrite(Field.guestRsp, vcpu.registers.rsp);
  vmwrite(Field.guestRflags, emulation.flags);
  if (answer === Answer.pageFault) raisePageFault(gva(emulation.faultAddress), emulation.faultCode);
  else finishBytes(emulation.length, answer);
}

/** Emulates a MOVS. */
function emulateMoves(vcpu: Vcpu, emulation: Emulation, owner: u32, size: CodeSize): Answer {
  requires(owner < OWNERS);
  const other = local(OtherOperand);
  const base = segmentBase(otherSegment(emulation.instruction), size);
  readPaging(other.paging);
  other.last = lastAddress(size);
  other.address = u64(base + otherOffset(emulation.instruction, vcpu.registers)) & other.last;
  other.level = privilegeLevel();
  return emulateMove(vcpu, emulation, owner, other);
}
