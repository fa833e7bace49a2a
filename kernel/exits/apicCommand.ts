/**
 * Commands that the guest gives to its local APIC: interrupts for other processors (SDM 3A 10.6; APM 2, 16.5). Nearly
 * all go out as they are. Of INIT, SIPI and NMI it matters whom they reach: the processor that runs the hypervisor's
 * start-up first must never be reset, the others start in the hypervisor's code, and nothing else may wake them.
 */
import { u32, type u64 } from '../../transpiler/lib/index.js';
import { COMMAND_LEVEL, COMMAND_LEVEL_TRIGGER, Delivery, DELIVERY_MASK, STARTUP_VECTOR } from '../machine/localApic.js';
import { lastProcessor, MAX_PROCESSORS, numberOf } from '../machine/madt.js';
import { noteReset, noteResets, noteStartup, noteStartups, waitsForStartup } from '../vcpu/startup.js';
import { trampolineVector } from '../vcpu/trampoline.js';
import { canReachWaiting, firstProcessor, isToOne, isToSelf, mayReach, reachesFirst } from './apicReceivers.js';
import { refuseInit } from './apicRefusal.js';

/** In place of a command: none is to go out. */
export const NOTHING = 0xffff_ffff;

/** Quick to say of most commands: they go out as they are, wherever to. The rest have this bit of NMI's delivery mode. */
export function isPlainInterrupt(command: u32): boolean {
  return u32(command & Delivery.nmi) === 0;
}

/**
 * What goes out in place of `command`, the low half of the command register, which the guest gives at `rip` on processor
 * `sender`: that or another command, or NOTHING. `destination` is a byte, or wide in x2APIC mode.
 */
export function toSend(sender: u32, command: u32, destination: u32, isWide: boolean, rip: u64): u32 {
  if (isToOne(command, destination, isWide)) return toSendToOne(command, destination, rip);
  return toSendToMany(sender, command, destination, isWide, rip);
}

function toSendToOne(command: u32, destination: u32, rip: u64): u32 {
  const number = numberOf(destination);
  switch (u32(command & DELIVERY_MASK)) {
    case Delivery.init:
      if (isDeassert(command)) return command;
      if (destination === firstProcessor.identity) refuseInit(command, destination, rip);
      if (number < MAX_PROCESSORS) noteReset(number);
      break;
    case Delivery.startup:
      if (number < MAX_PROCESSORS) noteStartup(number, command, rip);
      return redirected(command);
    case Delivery.nmi:
      if (number < MAX_PROCESSORS && waitsForStartup(number)) return NOTHING;
      break;
    default:
      break;
  }
  return command;
}

function toSendToMany(sender: u32, command: u32, destination: u32, isWide: boolean, rip: u64): u32 {
  switch (u32(command & DELIVERY_MASK)) {
    case Delivery.init:
      if (isDeassert(command)) return command;
      if (reachesFirst(command, destination, isWide, sender === 0)) refuseInit(command, destination, rip);
      // One for all others is from the first processor, or it would reach that.
      if (!isToSelf(command)) noteResets();
      else if (sender < MAX_PROCESSORS) noteReset(sender);
      break;
    case Delivery.startup:
      noteStartups(command, rip);
      return redirected(command);
    case Delivery.nmi:
      if (canReachWaiting(command, destination, isWide) && oneWaits(sender, command)) return NOTHING;
      break;
    default:
      break;
  }
  return command;
}

/** A SIPI that leads to the hypervisor. Where only one processor is named, another has nothing there to start in. */
function redirected(command: u32): u32 {
  const vector = trampolineVector();
  return vector === 0 ? NOTHING : u32(u32(command & ~STARTUP_VECTOR) | vector);
}

/** With level trigger and a level of 0, it resets nothing. */
function isDeassert(command: u32): boolean {
  return u32(command & (COMMAND_LEVEL | COMMAND_LEVEL_TRIGGER)) === COMMAND_LEVEL_TRIGGER;
}

/** Whether a processor waits that `command`, which is for many, may reach. */
function oneWaits(sender: u32, command: u32): boolean {
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) {
    if (waitsForStartup(number) && mayReach(command, sender, number)) return true;
  }
  return false;
}
