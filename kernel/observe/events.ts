/**
 * Events: forbidden things that the guest tried. Each processor counts its events by kind, and keeps them in a ring of
 * its own until report/ prints them, so that an exit that records one never waits for another processor. If a ring is
 * full, its events are counted as lost.
 */
import {
  addressOf,
  arr,
  at,
  exchangeAdd32,
  HPA,
  hpa,
  instance,
  physical,
  requires,
  struct,
  u32,
  U32,
  u64,
  U64,
  U8,
  type Hpa,
  type Ref,
} from '../../transpiler/lib/index.js';
import { ownRecord } from '../x86/ownRecord.js';
import { COUNTERS_OFFSET, Counters, EVENT_KINDS } from './counters.js';

/** Each comment is what the log says of the event, before a number and where the guest was. `npm run docs` makes eventTexts.ts of them. */
export const Event = {
  /** the guest executed a virtualization instruction, exit code */
  virtualizationInstruction: 0,
  /** the guest wrote EFER.SVME, value */
  svmEnable: 1,
  /** the guest wrote VM_HSAVE_PA, value */
  hostSaveWrite: 2,
  /** the guest reached for hidden memory at */
  hiddenMemory: 3,
  /** the guest tried to change what the firmware decides, MSR */
  fixedMsr: 4,
  /** the guest tried to load microcode from */
  microcode: 5,
  /** the guest accessed its local APIC where or as no register is, address */
  apicAccess: 6,
  /** the guest tried to renumber its local APIC, register */
  apicIdentity: 7,
  /** the guest wrote a message that resets or starts a processor to */
  interruptMessage: 8,
  /** the guest accessed an MSR that it does not have, */
  refusedMsr: 9,
  /** the guest tried to change bits that stay as they are, MSR */
  fixedMsrBits: 10,
  /** the guest asked for a sleep state that it does not have, SLP_TYP and SLP_EN */
  sleep: 11,
  /** the guest used a string instruction on a port that is intercepted, */
  portString: 12,
  /** an INIT came that the ICR did not send, and its processor stands still, number */
  heldInit: 13,
  /** the guest accessed registers of a device by an instruction that is not known, first bytes */
  unknownInstruction: 14,
  /** the guest accessed registers of a device across the border of their page, address */
  regionBorder: 15,
  /** the guest executed registers of a device, address */
  regionFetch: 16,
} as const;
export type Event = (typeof Event)[keyof typeof Event];

/** Size of a ring, a power of two. */
const RING_EVENTS = 32;
export const LAST_IN_RING = 31;

export const RecordedEvent = struct(
  'RecordedEvent',
  { size: 0x18, volatile: true },
  {
    event: at(0x00, U32),
    /** Number of events on all processors before this one. Events of two processors at the same time may have the same. */
    order: at(0x04, U32),
    /** The number that ends the event's description, and the guest's RIP. */
    detail: at(0x08, U64),
    rip: at(0x10, U64),
  },
);
export type RecordedEvent = Ref<typeof RecordedEvent>;

/**
 * The events of one processor that are not printed yet. The processor writes the first two fields and the events; the
 * one that prints writes the others.
 */
export const EventRing = struct(
  'EventRing',
  { size: 0x310, volatile: true },
  {
    /** How many events were ever put into the ring, and how many were lost because it was full. */
    written: at(0x00, U32),
    lost: at(0x04, U32),
    /** How many events were taken out, and how many lost ones were reported. */
    taken: at(0x08, U32),
    lostTold: at(0x0c, U32),
    events: at(0x10, arr(RecordedEvent, RING_EVENTS)),
  },
);
export type EventRing = Ref<typeof EventRing>;

/** Offset of the ring in a processor's vcpu (vcpu/vcpu.ts). */
export const EVENTS_OFFSET = 0x800n;

const News = struct(
  'News',
  { size: 8 + EVENT_KINDS, volatile: true },
  {
    /** Number of events put into any ring; and that number when the rings were last read. */
    happened: at(0, U32),
    seen: at(4, U32),
    /** By kind: 1 if no further events of it are to be printed. */
    isQuiet: at(8, arr(U8, EVENT_KINDS)),
  },
);
const news = instance(News, { align: 4 });

const Records = struct('Records', { size: 0x18 }, { first: at(0, HPA), distance: at(8, U64), count: at(0x10, U32) });
const records = instance(Records);

/** Records where the vcpus of all processors are: `count` of them, one each `distance` bytes from `first` on. */
export function noteRecords(first: Hpa, distance: u64, count: u32): void {
  records.first = first;
  records.distance = distance;
  records.count = count;
}

/** Number of rings. */
export function eventRings(): u32 {
  return records.count;
}

/** The ring of processor `number`. */
export function eventRing(number: u32): EventRing {
  return physical(EventRing, hpa(records.first + u64(number) * records.distance + EVENTS_OFFSET));
}

/** Counts `event` on this processor, and keeps it for printing. Returns false if it is not to be printed. */
export function noteEvent(event: Event, detail: u64, rip: u64): boolean {
  const record = ownRecord();
  if (record === 0n) return false; // no guest runs yet
  const counts = physical(Counters, hpa(record + COUNTERS_OFFSET)).events;
  counts.set(event, u64(counts.get(event) + 1n));
  if (news.isQuiet.get(event) !== 0) return false;
  putEvent(physical(EventRing, hpa(record + EVENTS_OFFSET)), event, detail, rip);
  exchangeAdd32(addressOf(news), 1);
  return true;
}

function putEvent(ring: EventRing, event: Event, detail: u64, rip: u64): void {
  const written = ring.written;
  if (u32(written - ring.taken) >= RING_EVENTS) {
    ring.lost = u32(ring.lost + 1);
    return;
  }
  const place = ring.events.at(written & LAST_IN_RING);
  place.event = event;
  place.order = news.happened;
  place.detail = detail;
  place.rip = rip;
  ring.written = u32(written + 1); // the last store: from now on the event can be taken out
}

/** Whether an event was recorded since the rings were last read. */
export function hasNews(): boolean {
  return news.happened !== news.seen;
}

/** Records that the rings are read now: later events are news again. */
export function seeNews(): void {
  news.seen = news.happened;
}

/** Stops the printing of further events of this kind. */
export function quietEvent(event: u32): void {
  requires(event < EVENT_KINDS);
  news.isQuiet.set(event, 1);
}
