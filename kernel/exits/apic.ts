/**
 * The guest's writes to its local APIC, where they leave the guest because an INIT could carry a processor out of it. All
 * are done on the real APIC but those that would: what the guest reads there is the real one.
 */
import {
  at,
  BOOL,
  cpuid,
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
import { processorCount } from '../machine/madt.js';
import { beginLine, consoleReturnToUart, endLine, print, printHex, takeConsole } from '../report/console.js';
import { resetMachine } from '../report/reset.js';
import { releaseLock, SpinLock, takeLock } from '../vcpu/spinLock.js';
import { mayReachWaiting, noteReset, redirectStartup } from '../vcpu/startup.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { Answer } from './answer.js';
import { CommandKind, commandKind, firstProcessor, isPlainInterrupt, noteFirstProcessor } from './apicCommand.js';
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
    /** Whether a processor forgets interrupts that arrive just when its guest is left. */
    isForgetful: at(10, BOOL),
    /** Who is reset does not change between the look at that and a command. */
    lock: at(12, SpinLock),
  },
);
const watch = instance(ApicWatch);

/** CPUID: a hypervisor or emulator is below, and the first of the letters of its name, here of TCGTCGTCGTCG. */
const FEATURES = 1;
const ECX_HYPERVISOR = 0x8000_0000;
const HYPERVISOR_SIGNATURE = 0x4000_0000;
const TCG_SIGNATURE = 0x5447_4354;

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
  watch.hasOthers = !isXApic();
  watch.isForgetful = isTcg();
  return watch.page;
}

/** A processor's APIC_BASE is about to become `base`. */
export function noteApicBase(base: u64): void {
  if (!hasXApicPage(base)) watch.hasOthers = true;
}

/** From now on the guest may do with the APIC what it likes. */
export function unwatchApic(): void {
  watch.isOn = false;
}

/** Whether the guest's commands to its local APIC are watched. */
export function isApicWatched(): boolean {
  return watch.isOn;
}

/** Where the page of the local APICs is. */
export function watchedPage(): Gpa {
  return watch.page;
}

/** Whether `address` is one whose writes are watched. */
export function isWatchedAddress(address: Gpa): boolean {
  return isMessage(address) || isInPage(address);
}

/** Reads the register at `address`. */
export function readApic(address: Gpa): u32 {
  return window(hpa(address), 4).u32(0);
}

/** Writes `value` for the guest of `vcpu` to `address`, a multiple of 4. Without the page, that is a message, too. */
export function writeApic(vcpu: Vcpu, address: Gpa, value: u32, rip: u64): void {
  if (isInPage(address) && (!watch.hasOthers || isXApic())) {
    writeRegister(vcpu, address, value, rip);
    if (watch.isForgetful) repeatInterrupts();
  } else {
    sendMessage(address, value, rip);
  }
}

/**
 * QEMU's TCG clears a request of its own without a lock when a guest is left (target/i386, do_vmexit), and with it at times
 * one that another thread makes at that moment. The local APIC still knows of the interrupt, and asks again when its task
 * priority is written.
 */
function repeatInterrupts(): void {
  const page = physical(ApicPage, hpa(watch.page));
  page.taskPriority = page.taskPriority;
}

function isTcg(): boolean {
  const features = cpuid(FEATURES, 0);
  if (u32(features.ecx & ECX_HYPERVISOR) === 0) return false;
  const signature = cpuid(HYPERVISOR_SIGNATURE, 0);
  return signature.ebx === TCG_SIGNATURE;
}

/** Writes `value` to the command register of x2APIC mode. */
export function writeX2ApicCommand(vcpu: Vcpu, value: u64, rip: u64): Answer {
  if (!isX2Apic()) return tryWrmsr(X2APIC_COMMAND, value) ? Answer.done : Answer.generalProtection;
  const command = u32(value);
  const destination = u32(value >> 32n);
  const kind = commandKind(command, destination, true, isFirst(vcpu));
  if (kind === CommandKind.resetsFirst) return refuseInit(command, destination, rip);
  takeLock(watch.lock);
  const sent = isDropped(vcpu, kind, command, destination, true)
    ? true
    : tryWrmsr(X2APIC_COMMAND, (u64(destination) << 32n) | u64(toSend(vcpu, rip, kind, command, destination, true)));
  releaseLock(watch.lock);
  return sent ? Answer.done : Answer.generalProtection;
}

/** A processor that the firmware does not name has nothing of the hypervisor's to start in. */
function isDropped(vcpu: Vcpu, kind: CommandKind, command: u32, destination: u32, isWide: boolean): boolean {
  if (kind === CommandKind.startup) return processorCount() === 1;
  return kind === CommandKind.nonMaskable && mayReachWaiting(vcpu, command, destination, isWide);
}

/** What goes out in place of `command`. */
function toSend(vcpu: Vcpu, rip: u64, kind: CommandKind, command: u32, destination: u32, isWide: boolean): u32 {
  if (kind === CommandKind.startup) return redirectStartup(vcpu, rip, command, destination, isWide);
  if (kind === CommandKind.resets) noteReset(vcpu, command, destination, isWide);
  return command;
}

function isInPage(address: Gpa): boolean {
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
  const destination = page.commandHigh >>> XAPIC_FIELD_SHIFT;
  const kind = commandKind(command, destination, false, isFirst(vcpu));
  if (kind === CommandKind.resetsFirst) refuseInit(command, destination, rip);
  takeLock(watch.lock);
  if (!isDropped(vcpu, kind, command, destination, false)) {
    page.commandLow = toSend(vcpu, rip, kind, command, destination, false);
  }
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

/** On a bare machine the firmware would start anew. */
function refuseInit(command: u32, destination: u32, rip: u64): never {
  takeConsole();
  consoleReturnToUart();
  beginLine();
  print('the guest sent INIT to the processor that it started on, command ');
  printHex(u64(command));
  print(' to ');
  printHex(u64(destination));
  print(' at ');
  printHex(rip);
  print(': resetting the machine');
  endLine();
  return resetMachine();
}
