/** What the processors of a simulated machine have counted. */
import { eventRings, type Event } from '../../../kernel/observe/events.js';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';

/** How often `event` happened, on all processors. */
export function eventCount(event: Event): bigint {
  let count = 0n;
  for (let number = 0; number < eventRings(); number++) count += vcpuOf(number).counters.events.get(event);
  return count;
}
