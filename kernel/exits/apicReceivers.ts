/** Whom a command of a local APIC reaches (SDM 3A 10.6.2; APM 2, 16.6). Where manuals differ, it reaches more. */
import { at, instance, physical, rdmsr, requires, struct, U32, u32 } from '../../transpiler/lib/index.js';
import {
  ApicPage,
  apicPage,
  COMMAND_IS_LOGICAL,
  isX2Apic,
  Shorthand,
  SHORTHAND_MASK,
  X2APIC_IDENTITY,
  XAPIC_FIELD_SHIFT,
} from '../machine/localApic.js';

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

/** Whether `command` is for the one processor whose APIC ID is `destination`. */
export function isToOne(command: u32, destination: u32, isWide: boolean): boolean {
  const names = u32(command & (SHORTHAND_MASK | COMMAND_IS_LOGICAL)) === 0;
  return names && destination !== (isWide ? X2APIC_BROADCAST : XAPIC_BROADCAST);
}

/** Whether `command`, which is not for one, reaches the first processor. */
export function reachesFirst(command: u32, destination: u32, isWide: boolean, fromFirst: boolean): boolean {
  switch (u32(command & SHORTHAND_MASK)) {
    case Shorthand.self:
      return fromFirst;
    case Shorthand.others:
      return !fromFirst;
    case Shorthand.all:
      return true;
    default:
      return !isLogical(command) || (isWide ? namesFirstWide(destination) : namesFirst(destination & XAPIC_BROADCAST));
  }
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

/** Whether `command` is for the processor that gives it. */
export function isToSelf(command: u32): boolean {
  return u32(command & SHORTHAND_MASK) === Shorthand.self;
}

/**
 * Whether a `command` of `sender` that is not for one may reach processor `number`. Only a processor itself knows which
 * logical destinations are its own: such a command may reach all.
 */
export function mayReach(command: u32, sender: u32, number: u32): boolean {
  switch (u32(command & SHORTHAND_MASK)) {
    case Shorthand.self:
      return number === sender;
    case Shorthand.others:
      return number !== sender;
    default:
      return true;
  }
}

/** Whether `command` can reach a processor that waits for a SIPI, after which an xAPIC has no logical destination. */
export function canReachWaiting(command: u32, destination: u32, isWide: boolean): boolean {
  // SDM 3A 10.4.7.3; APM 2, 16.3.3.
  return isWide || !isLogical(command) || destination === XAPIC_BROADCAST;
}

function isLogical(command: u32): boolean {
  return u32(command & COMMAND_IS_LOGICAL) !== 0;
}
