/** The local APIC's registers (SDM 3A, chapter 10; APM 2, chapter 16). */
import {
  at,
  hpa,
  pause,
  physical,
  rdmsr,
  requires,
  struct,
  u32,
  U32,
  u64,
  wrmsr,
  type Hpa,
  type Ref,
} from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { APIC_BASE } from '../x86/registers.js';

/** APIC_BASE: enabled, in x2APIC mode the registers are MSRs; else they are a page, whose address this is. */
const ENABLED = 1n << 11n;
const X2APIC_MODE = 1n << 10n;
const ADDRESS = 0x000f_ffff_ffff_f000n;
const RESET_ADDRESS = 0xfee0_0000n;

/** Offsets of registers in the page. */
export const ApicRegister = {
  identity: 0x20,
  logicalDestination: 0xd0,
  destinationFormat: 0xe0,
  commandLow: 0x300,
  commandHigh: 0x310,
} as const;

export const ApicPage = struct(
  'ApicPage',
  { size: 0x1000, volatile: true },
  {
    identity: at(0x20, U32),
    version: at(0x30, U32),
    logicalDestination: at(0xd0, U32),
    destinationFormat: at(0xe0, U32),
    commandLow: at(0x300, U32),
    commandHigh: at(0x310, U32),
  },
);
export type ApicPage = Ref<typeof ApicPage>;

/** In the page, the identities and the destination are the highest byte of their registers. */
export const XAPIC_FIELD_SHIFT = 24;

/** Registers of x2APIC mode. The command's destination is its high half. */
export const X2APIC_IDENTITY = 0x802;
export const X2APIC_COMMAND = 0x830;

/** What a command is: bits 10:8 of its low half (SDM 3A 10.6.1). */
export const Delivery = { nmi: 0x400, init: 0x500, startup: 0x600 } as const;
export const DELIVERY_MASK = 0x700;
export const COMMAND_IS_LOGICAL = 1 << 11;
/** With a level of 0 and level trigger, an INIT resets nothing. */
export const COMMAND_LEVEL = 1 << 14;
export const COMMAND_LEVEL_TRIGGER = 1 << 15;
/** Whom it goes to: bits 19:18; 0 is whom the destination names. */
export const Shorthand = { self: 0x4_0000, all: 0x8_0000, others: 0xc_0000 } as const;
export const SHORTHAND_MASK = 0xc_0000;
/** The page at which a SIPI has processors start. */
export const STARTUP_VECTOR = 0xff;

/** A command of xAPIC mode that is not on its way yet (SDM 3A 10.6.1). */
const DELIVERY_PENDING = 1 << 12;
const MOST_POLLS = 1_000_000;
/** The ID above it stands for all processors. */
const LARGEST_XAPIC_ID = 0xfe;
/** What an address reads as at which no device answers. */
const NO_DEVICE = 0xffff_ffff;

/** Where this processor's page is. */
export function apicPage(): Hpa {
  return hpa(rdmsr(APIC_BASE) & ADDRESS);
}

/** Whether the page stays where it is when `base` is written to APIC_BASE. */
export function keepsApicPage(base: u64): boolean {
  return (base & ADDRESS) === u64(apicPage());
}

/** Whether this processor's APIC is in x2APIC mode. */
export function isX2Apic(): boolean {
  return (rdmsr(APIC_BASE) & X2APIC_MODE) !== 0n;
}

/**
 * Whether its registers are the page. With APIC_BASE.EN clear a processor's are not (SDM 3A 10.4.3), QEMU's are for ever; the
 * version tells, which an address without a device reads as ones.
 */
export function answersAsXApic(): boolean {
  const base = rdmsr(APIC_BASE);
  if ((base & X2APIC_MODE) !== 0n) return false;
  return (base & ENABLED) !== 0n || physical(ApicPage, apicPage()).version !== NO_DEVICE;
}

/** Whether the registers of an APIC whose APIC_BASE is `base` are the page. */
export function hasXApicPage(base: u64): boolean {
  return (base & (ENABLED | X2APIC_MODE)) === ENABLED;
}

/** Sends an INIT to the processor with the ID `apicId`. */
export function sendInit(apicId: u32): void {
  sendCommand(apicId, COMMAND_LEVEL | Delivery.init);
}

/** Has the processor with the ID `apicId`, which has got an INIT, start at the page `vector` in real mode. */
export function sendStartup(apicId: u32, vector: u32): void {
  requires(vector <= STARTUP_VECTOR);
  sendCommand(apicId, COMMAND_LEVEL | Delivery.startup | vector);
}

/**
 * Sends an NMI to the processor with the ID `apicId`; none where an xAPIC cannot name that, and its guest could not either. The
 * high half of the ICR changes.
 */
export function sendNmi(apicId: u32): void {
  if (apicId <= LARGEST_XAPIC_ID || isX2Apic()) sendCommand(apicId, COMMAND_LEVEL | Delivery.nmi);
}

/** Sends an NMI to the processor that runs this. A command of the guest that is half written stays as it is. */
export function sendNmiToSelf(): void {
  const command = COMMAND_LEVEL | Delivery.nmi;
  if (isX2Apic()) {
    wrmsr(X2APIC_COMMAND, u64(rdmsr(X2APIC_IDENTITY) << 32n) | u64(command));
    return;
  }
  const page = physical(ApicPage, apicPage());
  const destination = page.commandHigh;
  waitForDelivery(page);
  page.commandHigh = page.identity;
  page.commandLow = command;
  waitForDelivery(page);
  page.commandHigh = destination;
}

/**
 * Sends an INIT or NMI to all other processors at the end of the node, whatever the guest has made of this APIC: one that is
 * off is switched on, and its page goes back to where it is at reset, which the hypervisor can reach.
 */
export function sendToOthers(delivery: u32): void {
  const command = u32(Shorthand.others | COMMAND_LEVEL | delivery);
  const base = rdmsr(APIC_BASE);
  if ((base & X2APIC_MODE) !== 0n) {
    wrmsr(X2APIC_COMMAND, u64(command));
    return;
  }
  wrmsr(APIC_BASE, u64(base & u64(~ADDRESS)) | ENABLED | RESET_ADDRESS);
  const page = physical(ApicPage, hpa(RESET_ADDRESS));
  waitForDelivery(page);
  page.commandLow = command;
  waitForDelivery(page);
}

function sendCommand(apicId: u32, command: u32): void {
  if (isX2Apic()) {
    wrmsr(X2APIC_COMMAND, (u64(apicId) << 32n) | u64(command));
    return;
  }
  if (apicId > LARGEST_XAPIC_ID) fail('a processor has an APIC ID above 254, but the firmware left x2APIC mode off');
  const page = physical(ApicPage, apicPage());
  waitForDelivery(page);
  page.commandHigh = u32(apicId << XAPIC_FIELD_SHIFT);
  page.commandLow = command;
  waitForDelivery(page);
}

/** In xAPIC mode one command has to be on its way before the next. That takes microseconds. */
function waitForDelivery(page: ApicPage): void {
  for (let polls: u32 = 0; polls < MOST_POLLS; polls++) {
    if (u32(page.commandLow & DELIVERY_PENDING) === 0) return;
    pause();
  }
}
