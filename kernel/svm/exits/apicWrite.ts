/** Emulates the guest's intercepted writes to its local APIC. */
import { local, u32, u64, type Gpa } from '../../../transpiler/lib/index.js';
import { isInApicPage, readApic, writeApic } from '../../devices/localApic/mediator.js';
import { Event, recordEvent } from '../../report/events.js';
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

/** Handles a write of the guest to the intercepted `address`. */
export function onApicWrite(vcpu: Vcpu, vmcb: Vmcb, address: Gpa): void {
  if (mayEndInterception() && isInApicPage(address) && !svmInterceptsApic()) {
    vmcb.tlbControl = TlbControl.flushAll;
    return;
  }
  if ((vmcb.exitInfo1 & IN_PAGE_TABLES) !== 0n || (vmcb.exitEvent & EVENT_VALID) !== 0n) {
    stopGuest('the guest used its local APIC as page table or stack', vmcb.rip);
  }
  const write = local(MemoryWrite);
  const bytes = local(InstructionBytes);
  const size = codeSize(vmcb);
  fetchInstruction(bytes, vmcb, size);
  if (decodeWrite(write, bytes, size) && (u64(address) & OFFSET_IN_REGISTER) === 0n) {
    perform(vcpu, vmcb, address, write);
  } else if (write.length > bytes.count && bytes.count < MOST_BYTES) {
    raiseFetchFault(vmcb, size, bytes.count);
  } else {
    recordEvent(Event.apicAccess, u64(address), vmcb.rip);
    injectExceptionWithCode(vmcb, Exception.generalProtection, 0);
  }
}

function perform(vcpu: Vcpu, vmcb: Vmcb, address: Gpa, write: MemoryWrite): void {
  const source = write.hasConstant ? write.constant : u32(generalRegister(vcpu.registers, vmcb, write.register));
  if (write.kind === WriteKind.move) {
    writeApic(vcpu, address, source, vmcb.rip);
  } else {
    change(vcpu, vmcb, address, write, source);
  }
  skipInstruction(vmcb, write.length);
}

/** Emulates an instruction that reads the register before it writes. */
function change(vcpu: Vcpu, vmcb: Vmcb, address: Gpa, write: MemoryWrite, source: u32): void {
  const present = readApic(address);
  if (write.kind === WriteKind.exchange) {
    writeApic(vcpu, address, source, vmcb.rip);
    setGeneralRegister(vcpu.registers, vmcb, write.register, u64(present));
    return;
  }
  const result = combine(write, present, source);
  writeApic(vcpu, address, result, vmcb.rip);
  setLogicFlags(vmcb, result);
}

function combine(write: MemoryWrite, present: u32, source: u32): u32 {
  if (write.kind === WriteKind.or) return u32(present | source);
  return write.kind === WriteKind.and ? u32(present & source) : u32(present ^ source);
}
