/**
 * The guest's writes to its local APIC, where they leave the guest because an INIT could carry a processor out of it. All
 * are done on the real APIC but those that would: what the guest reads there is the real one.
 */
import {
  at,
  BOOL,
  GPA,
  gpa,
  hpa,
  instance,
  physical,
  struct,
  tryWrmsr,
  u32,
  u64,
  window,
  type Gpa,
} from '../../transpiler/lib/index.js';
import {
  ApicPage,
  apicPage,
  ApicRegister,
  Delivery,
  DELIVERY_MASK,
  hasXApicPage,
  isX2Apic,
  isXApic,
  X2APIC_COMMAND,
  XAPIC_FIELD_SHIFT,
} from '../machine/localApic.js';
import { releaseLock, SpinLock, takeLock } from '../vcpu/spinLock.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { Answer } from './answer.js';
import { isPlainInterrupt, NOTHING, toSend } from './apicCommand.js';
import { firstProcessor, noteFirstProcessor } from './apicReceivers.js';
import { Event, recordEvent } from './events.js';

const ApicWatch = struct(
  'ApicWatch',
  { size: 16 },
  {
    page: at(0, GPA),
    /** Whether the guest's writes leave it. */
    isOn: at(8, BOOL),
    /** Whether some processor's registers are, or once were, not the page. */
    hasOthers: at(9, BOOL),
    /** Whether the page is watched, or may be again. */
    isFixed: at(10, BOOL),
    /** Who is reset does not change between the look at that and a command. */
    lock: at(12, SpinLock),
  },
);
const watch = instance(ApicWatch);

/** What is written here goes out as an interrupt message, as the devices' do (SDM 3A 10.11.1). */
export const MESSAGES = 0xfee0_0000n;
export const MESSAGES_BYTES = 0x10_0000n;
const OFFSET_IN_PAGE = 0xfffn;
/** The first registers of the page are reserved. */
const FIRST_REGISTER = 0x20;
/** Registers start at multiples of 16; what else an address in one does is undefined (SDM 3A 10.4.1; APM 2, 16.3.2). */
const OFFSET_OF_REGISTER = 0xf;

/** Begins to watch the local APICs; this processor is the guest's first one. Returns where their page is. */
export function watchApic(): Gpa {
  noteFirstProcessor();
  watch.page = gpa(apicPage());
  watch.isOn = true;
  watch.isFixed = true;
  watch.hasOthers = !isXApic();
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

/** Whether `address` is one whose writes are watched. */
export function isWatchedAddress(address: Gpa): boolean {
  return isMessage(address) || isInApicPage(address);
}

/** Reads the register at `address`. */
export function readApic(address: Gpa): u32 {
  return window(hpa(address), 4).u32(0);
}

/** Writes `value` for the guest of `vcpu` to `address`, a multiple of 4. Without the page, that is a message, too. */
export function writeApic(vcpu: Vcpu, address: Gpa, value: u32, rip: u64): void {
  if (isInApicPage(address) && (!watch.hasOthers || isXApic())) {
    writeRegister(vcpu, address, value, rip);
  } else {
    sendMessage(address, value, rip);
  }
}

/** Writes `value` to the command register of x2APIC mode. */
export function writeX2ApicCommand(vcpu: Vcpu, value: u64, rip: u64): Answer {
  if (!isX2Apic()) return tryWrmsr(X2APIC_COMMAND, value) ? Answer.done : Answer.generalProtection;
  const destination = u32(value >> 32n);
  takeLock(watch.lock);
  const command = toSend(vcpu.number, u32(value), destination, true, rip);
  const isDone = command === NOTHING || tryWrmsr(X2APIC_COMMAND, (u64(destination) << 32n) | u64(command));
  releaseLock(watch.lock);
  return isDone ? Answer.done : Answer.generalProtection;
}

/** Whether `address` is a register of the local APIC's page. */
export function isInApicPage(address: Gpa): boolean {
  return u64(u64(address) - u64(watch.page)) <= OFFSET_IN_PAGE;
}

function isMessage(address: Gpa): boolean {
  return u64(u64(address) - MESSAGES) < MESSAGES_BYTES;
}

function isFirst(vcpu: Vcpu): boolean {
  return vcpu.number === 0;
}

function writeRegister(vcpu: Vcpu, address: Gpa, value: u32, rip: u64): void {
  const offset = u32(u64(address) & OFFSET_IN_PAGE);
  switch (offset) {
    case ApicRegister.commandLow:
      sendCommand(vcpu, value, rip);
      return;
    case ApicRegister.identity:
      keepIdentity(value, rip);
      return;
    case ApicRegister.logicalDestination:
      if (isFirst(vcpu)) firstProcessor.logical = value >>> XAPIC_FIELD_SHIFT;
      break;
    case ApicRegister.destinationFormat:
      if (isFirst(vcpu)) firstProcessor.format = value;
      break;
    default:
      if (offset < FIRST_REGISTER) return;
      if ((offset & OFFSET_OF_REGISTER) !== 0) {
        recordEvent(Event.apicAccess, u64(address), rip);
        return;
      }
      break;
  }
  window(hpa(address), 4).setU32(0, value);
}

function sendCommand(vcpu: Vcpu, command: u32, rip: u64): void {
  const page = physical(ApicPage, hpa(watch.page));
  if (isPlainInterrupt(command)) {
    page.commandLow = command;
    return;
  }
  takeLock(watch.lock);
  const sent = toSend(vcpu.number, command, page.commandHigh >>> XAPIC_FIELD_SHIFT, false, rip);
  if (sent !== NOTHING) page.commandLow = sent;
  releaseLock(watch.lock);
}

/** By another number it could no longer be told whom a command reaches. Newer processors ignore the write, too. */
function keepIdentity(value: u32, rip: u64): void {
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
