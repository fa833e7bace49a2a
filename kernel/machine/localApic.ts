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

/**
 * Fields of APIC_BASE: enabled; x2APIC mode, in which the registers are MSRs; and the address of the registers' page in
 * xAPIC mode.
 */
const ENABLED = 1n << 11n;
const X2APIC_MODE = 1n << 10n;
const ADDRESS = 0x000f_ffff_ffff_f000n;
const RESET_ADDRESS = 0xfee0_0000n;

/** Offsets of registers in the xAPIC page. */
export const ApicRegister = {
  identity: 0x20,
  logicalDestination: 0xd0,
  destinationFormat: 0xe0,
  icrLow: 0x300,
  icrHigh: 0x310,
} as const;

export const ApicPage = struct(
  'ApicPage',
  { size: 0x1000, volatile: true },
  {
    identity: at(0x20, U32),
    version: at(0x30, U32),
    logicalDestination: at(0xd0, U32),
    destinationFormat: at(0xe0, U32),
    icrLow: at(0x300, U32),
    icrHigh: at(0x310, U32),
  },
);
export type ApicPage = Ref<typeof ApicPage>;

/** In xAPIC mode, the APIC ID and the ICR's destination are in bits 31:24. */
export const XAPIC_FIELD_SHIFT = 24;

/** MSRs of x2APIC mode: the APIC ID, and the ICR with the destination in its high half. */
export const X2APIC_ID = 0x802;
export const X2APIC_ICR = 0x830;

/** Delivery modes: bits 10:8 of the ICR (SDM 3A 10.6.1). */
export const Delivery = { nmi: 0x400, init: 0x500, startup: 0x600 } as const;
export const DELIVERY_MASK = 0x700;
export const ICR_IS_LOGICAL = 1 << 11;
/** ICR level and trigger mode. An INIT with level 0 and level trigger (INIT level de-assert) resets nothing. */
export const ICR_LEVEL = 1 << 14;
export const ICR_LEVEL_TRIGGER = 1 << 15;
/** Destination shorthands: bits 19:18 of the ICR. 0: the destination field counts. */
export const Shorthand = { self: 0x4_0000, all: 0x8_0000, others: 0xc_0000 } as const;
export const SHORTHAND_MASK = 0xc_0000;
/** Vector field of a SIPI: the number of the page at which processors start. */
export const STARTUP_VECTOR = 0xff;

/** ICR delivery status: the xAPIC has not sent the command yet (SDM 3A 10.6.1). */
const DELIVERY_PENDING = 1 << 12;
const MOST_POLLS = 1_000_000;
/** Highest APIC ID in xAPIC mode; 255 is a broadcast. */
const LARGEST_XAPIC_ID = 0xfe;
/** Value read from an address at which no device answers. */
const NO_DEVICE = 0xffff_ffff;

/** Address of this processor's xAPIC page. */
export function apicPage(): Hpa {
  return hpa(rdmsr(APIC_BASE) & ADDRESS);
}

/** Whether writing `base` to APIC_BASE leaves the xAPIC page where it is. */
export function keepsApicPage(base: u64): boolean {
  return (base & ADDRESS) === u64(apicPage());
}

/** Whether this processor's APIC is in x2APIC mode. */
export function isX2Apic(): boolean {
  return (rdmsr(APIC_BASE) & X2APIC_MODE) !== 0n;
}

/**
 * Whether this processor's registers answer in the xAPIC page. With APIC_BASE.EN clear a real processor's do not (SDM
 * 3A 10.4.3), but QEMU's always do. The version register tells: without a device it reads as all ones.
 */
export function answersAsXApic(): boolean {
  const base = rdmsr(APIC_BASE);
  if ((base & X2APIC_MODE) !== 0n) return false;
  return (base & ENABLED) !== 0n || physical(ApicPage, apicPage()).version !== NO_DEVICE;
}

/** Whether an APIC with the value `base` in APIC_BASE has its registers in the page (xAPIC mode). */
export function hasXApicPage(base: u64): boolean {
  return (base & (ENABLED | X2APIC_MODE)) === ENABLED;
}

/** Sends an INIT to the processor with the ID `apicId`. */
export function sendInit(apicId: u32): void {
  sendCommand(apicId, ICR_LEVEL | Delivery.init);
}

/**
 * Sends a SIPI: the processor with the ID `apicId`, which has received an INIT, starts at page `vector` in real mode.
 */
export function sendStartup(apicId: u32, vector: u32): void {
  requires(vector <= STARTUP_VECTOR);
  sendCommand(apicId, ICR_LEVEL | Delivery.startup | vector);
}

/**
 * Sends an NMI to the processor with the ID `apicId`. Sends none if an xAPIC cannot address that ID; the guest could
 * not address it either. The high half of the ICR changes.
 */
export function sendNmi(apicId: u32): void {
  if (apicId <= LARGEST_XAPIC_ID || isX2Apic()) sendCommand(apicId, ICR_LEVEL | Delivery.nmi);
}

/** Sends an NMI to this processor. The high half of the ICR, which the guest may just have written, keeps its value. */
export function sendNmiToSelf(): void {
  const command = ICR_LEVEL | Delivery.nmi;
  if (isX2Apic()) {
    wrmsr(X2APIC_ICR, u64(rdmsr(X2APIC_ID) << 32n) | u64(command));
    return;
  }
  const page = physical(ApicPage, apicPage());
  const destination = page.icrHigh;
  waitForDelivery(page);
  page.icrHigh = page.identity;
  page.icrLow = command;
  waitForDelivery(page);
  page.icrHigh = destination;
}

/**
 * Sends an INIT or NMI to all other processors at the end of the node, whatever state the guest has left this APIC in:
 * enables it, and moves its page back to the address after reset, which is mapped in the hypervisor.
 */
export function sendToOthers(delivery: u32): void {
  const command = u32(Shorthand.others | ICR_LEVEL | delivery);
  const base = rdmsr(APIC_BASE);
  if ((base & X2APIC_MODE) !== 0n) {
    wrmsr(X2APIC_ICR, u64(command));
    return;
  }
  wrmsr(APIC_BASE, u64(base & u64(~ADDRESS)) | ENABLED | RESET_ADDRESS);
  const page = physical(ApicPage, hpa(RESET_ADDRESS));
  waitForDelivery(page);
  page.icrLow = command;
  waitForDelivery(page);
}

function sendCommand(apicId: u32, command: u32): void {
  if (isX2Apic()) {
    wrmsr(X2APIC_ICR, (u64(apicId) << 32n) | u64(command));
    return;
  }
  if (apicId > LARGEST_XAPIC_ID) fail('a processor has an APIC ID above 254, but the firmware left x2APIC mode off');
  const page = physical(ApicPage, apicPage());
  waitForDelivery(page);
  page.icrHigh = u32(apicId << XAPIC_FIELD_SHIFT);
  page.icrLow = command;
  waitForDelivery(page);
}

/** Waits until the xAPIC has sent the last command, as required before the next one. That takes microseconds. */
function waitForDelivery(page: ApicPage): void {
  for (let polls: u32 = 0; polls < MOST_POLLS; polls++) {
    if (u32(page.icrLow & DELIVERY_PENDING) === 0) return;
    pause();
  }
}
