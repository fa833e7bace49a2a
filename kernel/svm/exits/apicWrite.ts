/** Emulates the guest's intercepted writes to regions that have an owner. */
import { local, requires, u32, u64, type Gpa } from '../../../transpiler/lib/index.js';
import { Access, Verdict } from '../../access/access.js';
import { OWNERS } from '../../access/owner.js';
import { isInApicPage } from '../../devices/localApic/mediator.js';
import { accessRegion } from '../../exits/regions.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import { stopGuest } from '../../exits/stopGuest.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { mayEndInterception, svmInterceptsApic } from '../reset/apicInterception.js';
import { generalRegister, setGeneralRegister } from '../control/generalRegister.js';
import { EVENT_VALID, Exception, injectExceptionWithCode } from '../control/inject.js';
import { skipInstruction } from '../control/instruction.js';
import {
  codeSize,
  fetchInstruction,
  InstructionBytes,
  MOST_BYTES,
  raiseFetchFault,
} from '../control/instructionBytes.js';
import { setLogicFlags } from '../control/logicFlags.js';
import { decodeWrite, MemoryWrite, WriteKind } from '../control/memoryWrite.js';
import { TlbControl, type Vmcb } from '../control/vmcb.js';

/**
 * EXITINFO1 of a nested page fault (APM 2, 15.25.6): the fault was in reading the guest's page tables, not in the final
 * access.
 */
const IN_PAGE_TABLES = 1n << 33n;
const OFFSET_IN_REGISTER = 3n;
const REGISTER_BYTES = 4;

/** Handles a write of the guest to `address`, which is in a region of `owner`. */
export function onRegionWrite(vcpu: Vcpu, vmcb: Vmcb, address: Gpa, owner: u32): void {
  requires(owner < OWNERS);
  if (mayEndInterception() && isInApicPage(address) && !svmInterceptsApic()) {
    vmcb.tlbControl = TlbControl.flushAll;
    return;
  }
  if ((vmcb.exitInfo1 & IN_PAGE_TABLES) !== 0n || (vmcb.exitEvent & EVENT_VALID) !== 0n) {
    stopGuest('the guest used registers of a device as page table or stack', vmcb.rip);
  }
  const write = local(MemoryWrite);
  const bytes = local(InstructionBytes);
  const size = codeSize(vmcb);
  fetchInstruction(bytes, vmcb, size);
  if (decodeWrite(write, bytes, size) && (u64(address) & OFFSET_IN_REGISTER) === 0n) {
    perform(vcpu, vmcb, address, owner, write);
  } else if (write.length > bytes.count && bytes.count < MOST_BYTES) {
    raiseFetchFault(vmcb, size, bytes.count);
  } else {
    recordEvent(Event.apicAccess, u64(address), vmcb.rip);
    injectExceptionWithCode(vmcb, Exception.generalProtection, 0);
  }
}

function perform(vcpu: Vcpu, vmcb: Vmcb, address: Gpa, owner: u32, write: MemoryWrite): void {
  requires(owner < OWNERS);
  const source = write.hasConstant ? write.constant : u32(generalRegister(vcpu.registers, vmcb, write.register));
  const access = local(Access);
  access.address = u64(address);
  access.bytes = REGISTER_BYTES;
  access.rip = vmcb.rip;
  let verdict: Verdict = Verdict.done;
  if (write.kind !== WriteKind.move) verdict = accessRegion(vcpu, access, owner);
  const present = u32(access.value);
  access.value = u64(combine(write, present, source));
  access.isWrite = true;
  if (verdict === Verdict.done) verdict = accessRegion(vcpu, access, owner);
  if (verdict === Verdict.done) finish(vcpu, vmcb, write, present, u32(access.value));
  else if (verdict === Verdict.fault) injectExceptionWithCode(vmcb, Exception.generalProtection, 0);
}

function finish(vcpu: Vcpu, vmcb: Vmcb, write: MemoryWrite, present: u32, result: u32): void {
  if (write.kind === WriteKind.exchange) setGeneralRegister(vcpu.registers, vmcb, write.register, u64(present));
  else if (write.kind !== WriteKind.move) setLogicFlags(vmcb, result);
  skipInstruction(vmcb, write.length);
}

function combine(write: MemoryWrite, present: u32, source: u32): u32 {
  if (write.kind === WriteKind.move || write.kind === WriteKind.exchange) return source;
  if (write.kind === WriteKind.or) return u32(present | source);
  return write.kind === WriteKind.and ? u32(present & source) : u32(present ^ source);
}
