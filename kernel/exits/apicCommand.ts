/**
 * Commands that the guest gives to its local APIC: interrupts for other processors (SDM 3A 10.6; APM 2, 16.5). Nearly
 * all go out as they are. Of INIT, SIPI and NMI it matters whom they reach: the processor that runs the hypervisor's
 * start-up first must never be reset, the others start in the hypervisor's code, and nothing else may wake them.
 */
import { at, instance, physical, rdmsr, requires, struct, U32, u32 } from '../../transpiler/lib/index.js';
import {
  ApicPage,
  apicPage,
  COMMAND_IS_LOGICAL,
  COMMAND_LEVEL,
  COMMAND_LEVEL_TRIGGER,
  Delivery,
  DELIVERY_MASK,
  isX2Apic,
  Shorthand,
  SHORTHAND_MASK,
  X2APIC_IDENTITY,
  XAPIC_FIELD_SHIFT,
} from '../machine/localApic.js';

/** What is to be done with a command. */
export const CommandKind = {
  /** It goes out as it is. */
  plain: 0,
  /** A SIPI. */
  startup: 1,
  /** An INIT that would reset the first processor. */
  resetsFirst: 2,
  /** Any other INIT. */
  resets: 3,
  nonMaskable: 4,
} as const;
export type CommandKind = (typeof CommandKind)[keyof typeof CommandKind];

/** How the first processor, on which the guest starts, is addressed. */
const FirstProcessor = struct(
  'FirstProcessor',
  { size: 12 },
  {
    identity: at(0, U32),
    /** In xAPIC mode: the highest byte of its logical destination register, and its destination format register. */
    logical: at(4, U32),
    format: at(8, U32),
  },
);
export const firstProcessor = instance(FirstProcessor);

const XAPIC_BROADCAST = 0xff;
const X2APIC_BROADCAST = 0xffff_ffff;
/** Destination format register, bits 31:28: all ones are the flat model; else the high half of a byte is a cluster. */
const FLAT = 0xf;
const FORMAT_SHIFT = 28;
const EVERY_CLUSTER = 0xf;

/** Learns how this processor, the first one, is addressed. */
export function noteFirstProcessor(): void {
  if (isX2Apic()) {
    firstProcessor.identity = u32(rdmsr(X2APIC_IDENTITY));
    return;
  }
  const page = physical(ApicPage, apicPage());
  firstProcessor.identity = page.identity >>> XAPIC_FIELD_SHIFT;
  firstProcessor.logical = page.logicalDestination >>> XAPIC_FIELD_SHIFT;
  firstProcessor.format = page.destinationFormat;
}

/** Quick to say of most commands: they go out as they are, wherever to. The rest have this bit of NMI's delivery mode. */
export function isPlainInterrupt(command: u32): boolean {
  return u32(command & Delivery.nmi) === 0;
}

/** What becomes of `command`, the low half of the command register. `destination` is a byte, or wide in x2APIC mode. */
export function commandKind(command: u32, destination: u32, isWide: boolean, fromFirst: boolean): CommandKind {
  const delivery = u32(command & DELIVERY_MASK);
  if (delivery === Delivery.startup) return CommandKind.startup;
  if (delivery === Delivery.nmi) return CommandKind.nonMaskable;
  if (delivery !== Delivery.init || isDeassert(command)) return CommandKind.plain;
  return reachesFirst(command, destination, isWide, fromFirst) ? CommandKind.resetsFirst : CommandKind.resets;
}

function isDeassert(command: u32): boolean {
  return u32(command & (COMMAND_LEVEL | COMMAND_LEVEL_TRIGGER)) === COMMAND_LEVEL_TRIGGER;
}

/** Whether it reaches the first processor; where manuals differ, it does. */
function reachesFirst(command: u32, destination: u32, isWide: boolean, fromFirst: boolean): boolean {
  switch (u32(command & SHORTHAND_MASK)) {
    case Shorthand.self:
      return fromFirst;
    case Shorthand.others:
      return !fromFirst;
    case Shorthand.all:
      return true;
    default:
      break;
  }
  const isLogical = u32(command & COMMAND_IS_LOGICAL) !== 0;
  if (isWide) return isLogical ? namesFirstWide(destination) : isFirst(destination, X2APIC_BROADCAST);
  return isLogical
    ? namesFirst(destination & XAPIC_BROADCAST)
    : isFirst(destination & XAPIC_BROADCAST, XAPIC_BROADCAST);
}

function isFirst(destination: u32, broadcast: u32): boolean {
  return destination === broadcast || destination === firstProcessor.identity;
}

/** A logical destination in xAPIC mode (SDM 3A 10.6.2.2). */
function namesFirst(destination: u32): boolean {
  requires(destination <= XAPIC_BROADCAST);
  const common = u32(destination & firstProcessor.logical);
  if (destination === XAPIC_BROADCAST) return true;
  if (firstProcessor.format >>> FORMAT_SHIFT === FLAT) return common !== 0;
  const cluster = destination >> 4;
  const isCluster = cluster === EVERY_CLUSTER || cluster === u32(firstProcessor.logical >>> 4);
  return isCluster && (common & 0xf) !== 0;
}

/** A logical destination in x2APIC mode: a cluster, and a bit for each of its 16 processors (SDM 3A 10.12.10.2). */
function namesFirstWide(destination: u32): boolean {
  if (destination === X2APIC_BROADCAST) return true;
  const identity = firstProcessor.identity;
  const isCluster = u32(destination >>> 16) === ((identity >>> 4) & 0xffff);
  return isCluster && u32(destination & (1 << (identity & 0xf))) !== 0;
}
