/** How an exit handler says what the guest tried and was not allowed. */
import type { u64 } from '../../transpiler/lib/index.js';
import { standStillIfEnded } from '../x86/end.js';
import { noteEvent, type Event } from '../observe/events.js';
import { printNews } from './consoleLock.js';

/**
 * Counts `event`, and logs the first of its kind; `detail` is what its description ends with, `rip` where the guest was. Stands still where
 * the node has ended: the last report has taken the guest's memory away (crash/stopOthers.ts), and what comes of that is no event.
 */
export function recordEvent(event: Event, detail: u64, rip: u64): void {
  standStillIfEnded();
  if (noteEvent(event, detail, rip)) printNews();
}
