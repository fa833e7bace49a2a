/** Emulates the guest's intercepted writes to regions that have an owner. */
import type { u32 } from '../../../transpiler/lib/index.js';
import { hpa, local, requires, u64, window, type Gpa } from '../../../transpiler/lib/index.js';
import { Access, Verdict } from '../../access/access.js';
import { OWNERS } from '../../access/owner.js';
import { isInApicPage } from '../../devices/localApic/mediator.js';
import { accessRegion } from '../../exits/regions.js';
import { stopGuest } from '../../exits/stopGuest.js';
import { complete, compute, hasNothingToDo, isStore, storedValue } from '../../instruction/execute.js';
import { Instruction, Operation, READS, WRITES } from '../../instruction/instruction.js';
import { Outcome } from '../../instruction/outcome.js';
import { accessOf, operationOf } from '../../instruction/parts.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { EVENT_VALID, Exception, injectExceptionWithCode } from '../control/inject.js';
import { skipInstruction } from '../control/instruction.js';
import { FETCHED_CODE, TlbControl, type Vmcb } from '../control/vmcb.js';
import { mayEndInterception, svmInterceptsApic } from '../reset/apicInterception.js';
import { decodeAccess, readSource } from './memoryAccess.js';

/**
 * EXITINFO1 of a nested page fault (APM 2, 15.25.6): the fault was in reading the guest's page tables, not in the final
 * access.
 */
const IN_PAGE_TABLES = 1n << 33n;
/** Number of bytes that an instruction accesses at most. */
const WIDEST = 8;

/** Handles a write of the guest to `address`, which is in a region of `owner`. */
export function onRegionWrite(vcpu: Vcpu, vmcb: Vmcb, address: Gpa, owner: u32): void {
  requires(owner < OWNERS);
  if (mayEndInterception() && isInApicPage(address) && !svmInterceptsApic()) {
    vmcb.tlbControl = TlbControl.flushAll;
    return;
  }
  if ((vmcb.exitInfo1 & IN_PAGE_TABLES) !== 0n || (vmcb.exitIntInfo & EVENT_VALID) !== 0n) {
    stopGuest('the guest used registers of a device as page table or stack', vmcb.rip);
  }
  const instruction = local(Instruction);
  if (!decodeAccess(instruction, vcpu, vmcb, WRITES)) return;
  const access = local(Access);
  access.address = u64(address);
  access.bytes = instruction.bytes;
  access.rip = vmcb.rip;
  perform(vcpu, vmcb, access, owner, instruction);
}

function perform(vcpu: Vcpu, vmcb: Vmcb, access: Access, owner: u32, instruction: Instruction): void {
  requires(owner < OWNERS);
  const registers = vcpu.registers;
  registers.rsp = vmcb.rsp;
  if (isStore(instruction)) {
    access.value = storedValue(instruction, registers);
    access.isWrite = true;
    if (isDone(vmcb, accessRegion(vcpu, access, owner))) skipInstruction(vmcb, instruction.length);
  } else if (hasNothingToDo(instruction, registers)) {
    skipInstruction(vmcb, instruction.length);
  } else if (operationOf(instruction) === Operation.moveString) {
    if (!readSource(instruction, vcpu, vmcb)) return;
    change(vcpu, vmcb, access, owner, instruction, window(hpa(vcpu.controlPage + FETCHED_CODE), WIDEST).u64(0));
  } else if ((accessOf(instruction) & READS) === 0 || isDone(vmcb, accessRegion(vcpu, access, owner))) {
    change(vcpu, vmcb, access, owner, instruction, access.value);
  }
}

/** Writes the instruction's result for `present`, and changes registers and flags. */
function change(vcpu: Vcpu, vmcb: Vmcb, access: Access, owner: u32, instruction: Instruction, present: u64): void {
  requires(owner < OWNERS);
  const outcome = local(Outcome);
  outcome.flags = vmcb.rflags;
  compute(outcome, instruction, vcpu.registers, present);
  access.value = outcome.written;
  access.isWrite = true;
  if (!isDone(vmcb, accessRegion(vcpu, access, owner))) return;
  const length = complete(outcome, instruction, vcpu.registers);
  vmcb.rsp = vcpu.registers.rsp;
  vmcb.rflags = outcome.flags;
  skipInstruction(vmcb, length);
}

/** Whether the instruction continues after an access with this verdict. If not, it raises #GP or is repeated. */
function isDone(vmcb: Vmcb, verdict: Verdict): boolean {
  if (verdict === Verdict.fault) injectExceptionWithCode(vmcb, Exception.generalProtection, 0);
  return verdict === Verdict.done;
}
