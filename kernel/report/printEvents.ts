/** Prints the events that all processors have recorded; the caller has the console. */
import { arr, at, instance, min32, requires, struct, u32, U32, u64 } from '../../transpiler/lib/index.js';
import { EVENT_KINDS } from '../observe/counters.js';
import { eventRing, eventRings, LAST_IN_RING, quietEvent, seeNews, type EventRing } from '../observe/events.js';
import { beginLine, endLine, print, printDecimal, printHex } from './console.js';
import { eventTexts, LAST_EVENT } from './eventTexts.js';

/** A guest may repeat itself for ever; the log is for the first few. */
const LOGGED_OF_EACH_KIND = 8;

const Printed = struct('PrintedEvents', { size: 4 * EVENT_KINDS }, { counts: at(0, arr(U32, EVENT_KINDS)) });
const printed = instance(Printed);

/** Prints the events in the order in which they happened, then how many there was no room for. */
export function printEvents(): void {
  seeNews();
  const rings = eventRings();
  for (let ring: u32 = oldestRing(); ring < rings; ring = oldestRing()) printOldest(eventRing(ring));
  for (let ring: u32 = 0; ring < rings; ring++) printLost(eventRing(ring), ring);
}

/** The ring that has the oldest event of all; a number that no ring has where all are empty. */
function oldestRing(): u32 {
  const rings = eventRings();
  let oldest: u32 = rings;
  let oldestOrder: u32 = 0xffff_ffff;
  for (let number: u32 = 0; number < rings; number++) {
    const ring = eventRing(number);
    const taken = ring.taken;
    if (taken !== ring.written) {
      const order = ring.events.at(taken & LAST_IN_RING).order;
      if (order < oldestOrder) {
        oldest = number;
        oldestOrder = order;
      }
    }
  }
  return oldest;
}

function printOldest(ring: EventRing): void {
  const taken = ring.taken;
  const found = ring.events.at(taken & LAST_IN_RING);
  const event = min32(found.event, LAST_EVENT);
  const detail = found.detail;
  const rip = found.rip;
  ring.taken = u32(taken + 1);
  const count = printed.counts.get(event);
  if (count >= LOGGED_OF_EACH_KIND) return; // another processor recorded it before the kind was made quiet
  printed.counts.set(event, count + 1);
  const isLast = count + 1 === LOGGED_OF_EACH_KIND;
  if (isLast) quietEvent(event);
  printEvent(event, detail, rip, isLast);
}

function printEvent(event: u32, detail: u64, rip: u64, isLast: boolean): void {
  requires(event <= LAST_EVENT);
  beginLine();
  print('event: ');
  print(eventTexts.get(event));
  print(' ');
  printHex(detail);
  print(' at ');
  printHex(rip);
  if (isLast) print('; more of these are not logged');
  endLine();
}

/** Says how many events of the processor with this number found its ring full, if more than were told of. */
function printLost(ring: EventRing, number: u32): void {
  const lost = ring.lost;
  const told = ring.lostTold;
  if (lost === told) return;
  ring.lostTold = lost;
  beginLine();
  print('events lost, since others were waiting to be printed: ');
  printDecimal(u64(u32(lost - told)));
  print(' of processor ');
  printDecimal(u64(number));
  endLine();
}
