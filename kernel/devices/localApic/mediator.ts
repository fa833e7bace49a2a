/**
 * Answers the guest's writes to its local APIC, which are intercepted on AMD-V so that no INIT or SIPI is sent. All
 * other writes reach the real APIC, which the guest reads.
 */
import {
  at,
  BOOL,
  GPA,
  gpa,
  hpa,
  instance,
  physical,
  rdmsr,
  struct,
  table,
  tryWrmsr,
  u32,
  u64,
  window,
  type Gpa,
} from '../../../transpiler/lib/index.js';
import {
  ApicPage,
  apicPage,
  ApicRegister,
  Delivery,
  DELIVERY_MASK,
  answersAsXApic,
  hasXApicPage,
  isX2Apic,
  X2APIC_ICR,
  XAPIC_FIELD_SHIFT,
} from '../../machine/localApic.js';
import { APIC_BASE } from '../../x86/registers.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { Verdict, type Access } from '../../access/access.js';
import { Answer } from '../../access/answer.js';
import { isPlainInterrupt, isSentOn } from './commands.js';
import { noteLogicalDestination } from './receivers.js';
import { Event } from '../../observe/events.js';
import { recordEvent } from '../../report/events.js';
import { OFFSET_IN_PAGE } from '../../x86/pages.js';

const InterceptedApic = struct(
  'InterceptedApic',
  { size: 11 },
  {
    page: at(0, GPA),
    /** Whether the guest's writes are intercepted. */
    isOn: at(8, BOOL),
    /** Whether the registers of some processor are, or once were, not in the page. */
    hasOthers: at(9, BOOL),
    /** Whether the page must not move: it is intercepted, or may be again. */
    isFixed: at(10, BOOL),
  },
);
const intercepted = instance(InterceptedApic);

/** Writes to these addresses become interrupt messages, like those of devices (SDM 3A 10.11.1). */
export const MESSAGES = 0xfee0_0000n;
export const MESSAGES_BYTES = 0x10_0000n;
const REGISTER_BYTES = 4;
const OFFSET_IN_WORD = 3n;
/**
 * Registers start at multiples of 16. Other addresses within a register are undefined (SDM 3A 10.4.1; APM 2, 16.3.2).
 */
const OFFSET_OF_REGISTER = 0xf;

/** Reserved bits of the ICR in x2APIC mode. Setting one raises #GP (SDM 3A 10.12.9). */
const X2APIC_ICR_RESERVED = 0xfff3_3000;

/** Starts the interception of the local APICs. Returns the address of their page. */
export function beginApicInterception(): Gpa {
  intercepted.page = gpa(apicPage());
  intercepted.isOn = true;
  intercepted.isFixed = true;
  intercepted.hasOthers = !hasXApicPage(rdmsr(APIC_BASE));
  return intercepted.page;
}

/** Records that a processor's APIC_BASE is about to become `base`. */
export function noteApicBase(base: u64): void {
  if (!hasXApicPage(base)) intercepted.hasOthers = true;
}

/**
 * Ends the interception: the guest may do anything with the APIC, but may not move it unless `isForGood`, since
 * interception may resume.
 */
export function endApicInterception(isForGood: boolean): void {
  intercepted.isOn = false;
  intercepted.isFixed = !isForGood;
}

/** Resumes the interception of writes to the local APICs. */
export function resumeApicInterception(): void {
  intercepted.isOn = true;
}

/** Whether writes to the local APICs are intercepted. */
export function isApicIntercepted(): boolean {
  return intercepted.isOn;
}

/** Whether the page of the local APICs must stay where it is. */
export function isApicFixed(): boolean {
  return intercepted.isFixed;
}

/** Address of the page of the local APICs. */
export function interceptedPage(): Gpa {
  return intercepted.page;
}

/**
 * Answers an access to the page of the local APICs, or to the addresses of messages. Registers have 32 bits (APM 2,
 * 16.3.2).
 */
export function mediateApic(vcpu: Vcpu, access: Access): Verdict {
  const address = access.address;
  if (access.bytes !== REGISTER_BYTES || (address & OFFSET_IN_WORD) !== 0n) return refuse(access);
  if (!access.isWrite) return Verdict.pass;
  if (isInApicPage(gpa(address)) && (!intercepted.hasOthers || answersAsXApic())) {
    const offset = u32(address) & OFFSET_IN_APIC_PAGE;
    if ((offset & OFFSET_OF_REGISTER) !== 0) return dropWrite(access);
    return registerWrites.get(offset >>> 4)(vcpu, access);
  }
  return sendMessage(access);
}

function refuse(access: Access): Verdict {
  recordEvent(Event.apicAccess, access.address, access.rip);
  return Verdict.fault;
}

/** Drops a write to an undefined address within a register. */
function dropWrite(access: Access): Verdict {
  recordEvent(Event.apicAccess, access.address, access.rip);
  return Verdict.done;
}

/** Writes `value` to the ICR in x2APIC mode. */
export function writeX2ApicIcr(vcpu: Vcpu, value: u64, rip: u64): Answer {
  if (!isX2Apic()) return tryWrmsr(X2APIC_ICR, value) ? Answer.done : Answer.generalProtection;
  if (u32(u32(value) & X2APIC_ICR_RESERVED) !== 0) return Answer.generalProtection;
  if (!isSentOn(vcpu.number, u32(value), u32(value >> 32n), true, rip)) return Answer.done;
  return tryWrmsr(X2APIC_ICR, value) ? Answer.done : Answer.generalProtection;
}

/** Whether `address` is in the page of the local APICs. */
export function isInApicPage(address: Gpa): boolean {
  return u64(u64(address) - u64(intercepted.page)) <= OFFSET_IN_PAGE;
}

type RegisterWrite = (vcpu: Vcpu, access: Access) => Verdict;

const REGISTERS = 0x100;
const OFFSET_IN_APIC_PAGE = 0xfff;
/**
 * The function for a write to the page, by the register's number: its offset in units of 16 bytes. The first two are
 * reserved.
 */
const registerWrites = table<RegisterWrite>(REGISTERS, writeThrough, {
  [0]: ignoreWrite,
  [1]: ignoreWrite,
  [ApicRegister.identity >>> 4]: keepIdentity,
  [ApicRegister.logicalDestination >>> 4]: writeLogicalDestination,
  [ApicRegister.destinationFormat >>> 4]: writeLogicalDestination,
  [ApicRegister.icrLow >>> 4]: sendCommand,
});

function writeThrough(_vcpu: Vcpu, access: Access): Verdict {
  window(hpa(access.address), 4).setU32(0, u32(access.value));
  return Verdict.done;
}

function ignoreWrite(_vcpu: Vcpu, _access: Access): Verdict {
  return Verdict.done;
}

/** Writes LDR or DFR, and records what the APIC has kept of the value. */
function writeLogicalDestination(vcpu: Vcpu, access: Access): Verdict {
  window(hpa(access.address), 4).setU32(0, u32(access.value));
  noteLogicalDestination(vcpu);
  return Verdict.done;
}

function sendCommand(vcpu: Vcpu, access: Access): Verdict {
  const page = physical(ApicPage, hpa(intercepted.page));
  const command = u32(access.value);
  if (isPlainInterrupt(command)) {
    page.icrLow = command;
    return Verdict.done;
  }
  const high = page.icrHigh;
  if (isSentOn(vcpu.number, command, high >>> XAPIC_FIELD_SHIFT, false, access.rip)) page.icrLow = command;
  else page.icrHigh = high; // a call of another processor has changed it
  return Verdict.done;
}

/**
 * Ignores a change of the APIC ID: it would no longer be known which processor an ICR command reaches. Newer processors
 * ignore the write as well.
 */
function keepIdentity(_vcpu: Vcpu, access: Access): Verdict {
  const value = u32(access.value);
  if (value !== physical(ApicPage, hpa(intercepted.page)).identity) {
    recordEvent(Event.apicIdentity, u64(value), access.rip);
  }
  return Verdict.done;
}

/** Sends the message that a write outside the page is, or to the page outside xAPIC mode. */
function sendMessage(access: Access): Verdict {
  const delivery = u32(u32(access.value) & DELIVERY_MASK);
  if (delivery === Delivery.init || delivery === Delivery.startup) {
    recordEvent(Event.interruptMessage, access.address, access.rip);
    return Verdict.done;
  }
  window(hpa(access.address), 4).setU32(0, u32(access.value));
  return Verdict.done;
}
