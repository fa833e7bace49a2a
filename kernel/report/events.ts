/** Records events for exit handlers. */
import type { u64 } from '../../transpiler/lib/index.js';
import { standStillIfEnded } from '../x86/end.js';
import { noteEvent, type Event } from '../observe/events.js';
import { printNews } from './consoleLock.js';

/**
 * Counts `event`, and logs the first ones of its kind, with `detail` at the end of its description and `rip` as the
 * guest's address. Halts if the node has ended: the last report has taken the guest's memory away
 * (crash/stopOthers.ts), and what follows from that is no event.
 */
export function recordEvent(event: Event, detail: u64, rip: u64): void {
  standStillIfEnded();
  if (noteEvent(event, detail, rip)) printNews();
}
