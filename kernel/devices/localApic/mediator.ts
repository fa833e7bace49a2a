/**
 * The guest's writes to its local APIC, where they are intercepted so that no INIT or SIPI is sent (AMD-V). All others are
 * done on the real APIC, which is what the guest reads.
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
  X2APIC_COMMAND,
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

const ApicWatch = struct(
  'ApicWatch',
  { size: 11 },
  {
    page: at(0, GPA),
    /** Whether the guest's writes leave it. */
    isOn: at(8, BOOL),
    /** Whether some processor's registers are, or once were, not the page. */
    hasOthers: at(9, BOOL),
    /** Whether the page is watched, or may be again. */
    isFixed: at(10, BOOL),
  },
);
const watch = instance(ApicWatch);

/** What is written here goes out as an interrupt message, as the devices' do (SDM 3A 10.11.1). */
export const MESSAGES = 0xfee0_0000n;
export const MESSAGES_BYTES = 0x10_0000n;
const REGISTER_BYTES = 4;
const OFFSET_IN_WORD = 3n;
/** Registers start at multiples of 16; what else an address in one does is undefined (SDM 3A 10.4.1; APM 2, 16.3.2). */
const OFFSET_OF_REGISTER = 0xf;

/** Reserved bits of the ICR in x2APIC mode, each of which raises #GP (SDM 3A 10.12.9). */
const X2APIC_COMMAND_RESERVED = 0xfff3_3000;

/** Begins to watch the local APICs. Returns where their page is. */
export function watchApic(): Gpa {
  watch.page = gpa(apicPage());
  watch.isOn = true;
  watch.isFixed = true;
  watch.hasOthers = !hasXApicPage(rdmsr(APIC_BASE));
  return watch.page;
}

/** A processor's APIC_BASE is about to become `base`. */
export function noteApicBase(base: u64): void {
  if (!hasXApicPage(base)) watch.hasOthers = true;
}

/** From now on the guest may do with the APIC what it likes; but not move it, where it may be watched again. */
export function unwatchApic(isForGood: boolean): void {
  watch.isOn = false;
  watch.isFixed = !isForGood;
}

/** They are watched again. */
export function watchApicAgain(): void {
  watch.isOn = true;
}

/** Whether the guest's commands to its local APIC are watched. */
export function isApicWatched(): boolean {
  return watch.isOn;
}

/** Whether the page of the local APICs has to stay where it is. */
export function isApicFixed(): boolean {
  return watch.isFixed;
}

/** Where the page of the local APICs is. */
export function watchedPage(): Gpa {
  return watch.page;
}

/** An access to the page of the local APICs, or to the addresses of messages: registers have 32 bits (APM 2, 16.3.2). */
export function mediateApic(vcpu: Vcpu, access: Access): Verdict {
  if (access.bytes !== REGISTER_BYTES || (access.address & OFFSET_IN_WORD) !== 0n) {
    recordEvent(Event.apicAccess, access.address, access.rip);
    return Verdict.fault;
  }
  if (!access.isWrite) return Verdict.pass;
  writeApic(vcpu, gpa(access.address), u32(access.value), access.rip);
  return Verdict.done;
}

/** Writes `value` for the guest of `vcpu` to `address`, a multiple of 4. Without the page, that is a message, too. */
function writeApic(vcpu: Vcpu, address: Gpa, value: u32, rip: u64): void {
  if (isInApicPage(address) && (!watch.hasOthers || answersAsXApic())) {
    writeRegister(vcpu, address, value, rip);
  } else {
    sendMessage(address, value, rip);
  }
}

/** Writes `value` to the command register of x2APIC mode. */
export function writeX2ApicCommand(vcpu: Vcpu, value: u64, rip: u64): Answer {
  if (!isX2Apic()) return tryWrmsr(X2APIC_COMMAND, value) ? Answer.done : Answer.generalProtection;
  if (u32(u32(value) & X2APIC_COMMAND_RESERVED) !== 0) return Answer.generalProtection;
  if (!isSentOn(vcpu.number, u32(value), u32(value >> 32n), true, rip)) return Answer.done;
  return tryWrmsr(X2APIC_COMMAND, value) ? Answer.done : Answer.generalProtection;
}

/** Whether `address` is a register of the local APIC's page. */
export function isInApicPage(address: Gpa): boolean {
  return u64(u64(address) - u64(watch.page)) <= OFFSET_IN_PAGE;
}

type RegisterWrite = (vcpu: Vcpu, address: Gpa, value: u32, rip: u64) => void;

const REGISTERS = 0x100;
const LAST_REGISTER = 0xff;
/** Who does a write to the page, by the register's number: its offset in units of 16 bytes. The first two are reserved. */
const registerWrites = table<RegisterWrite>(REGISTERS, writeThrough, {
  [0]: ignoreWrite,
  [1]: ignoreWrite,
  [ApicRegister.identity >>> 4]: keepIdentity,
  [ApicRegister.logicalDestination >>> 4]: writeLogicalDestination,
  [ApicRegister.destinationFormat >>> 4]: writeLogicalDestination,
  [ApicRegister.commandLow >>> 4]: sendCommand,
});

function writeRegister(vcpu: Vcpu, address: Gpa, value: u32, rip: u64): void {
  const offset = u32(u64(address) & OFFSET_IN_PAGE);
  if ((offset & OFFSET_OF_REGISTER) !== 0) {
    recordEvent(Event.apicAccess, u64(address), rip);
    return;
  }
  registerWrites.get((offset >>> 4) & LAST_REGISTER)(vcpu, address, value, rip);
}

function writeThrough(_vcpu: Vcpu, address: Gpa, value: u32, _rip: u64): void {
  window(hpa(address), 4).setU32(0, value);
}

function ignoreWrite(_vcpu: Vcpu, _address: Gpa, _value: u32, _rip: u64): void {
  return;
}

/** LDR or DFR, which says what the APIC has kept of the value. */
function writeLogicalDestination(vcpu: Vcpu, address: Gpa, value: u32, _rip: u64): void {
  window(hpa(address), 4).setU32(0, value);
  noteLogicalDestination(vcpu);
}

function sendCommand(vcpu: Vcpu, _address: Gpa, command: u32, rip: u64): void {
  const page = physical(ApicPage, hpa(watch.page));
  if (isPlainInterrupt(command)) {
    page.commandLow = command;
    return;
  }
  const high = page.commandHigh;
  if (isSentOn(vcpu.number, command, high >>> XAPIC_FIELD_SHIFT, false, rip)) page.commandLow = command;
  else page.commandHigh = high; // a call of another processor has changed it
}

/** By another number it could no longer be told whom a command reaches. Newer processors ignore the write, too. */
function keepIdentity(_vcpu: Vcpu, _address: Gpa, value: u32, rip: u64): void {
  if (value === physical(ApicPage, hpa(watch.page)).identity) return;
  recordEvent(Event.apicIdentity, u64(value), rip);
}

function sendMessage(address: Gpa, message: u32, rip: u64): void {
  const delivery = u32(message & DELIVERY_MASK);
  if (delivery === Delivery.init || delivery === Delivery.startup) {
    recordEvent(Event.interruptMessage, u64(address), rip);
    return;
  }
  window(hpa(address), 4).setU32(0, message);
}
