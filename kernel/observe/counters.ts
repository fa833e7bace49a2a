/**
 * The counters of a processor: its VM exits by reason, its intercepted accesses by owner, and its events by kind. Each
 * processor writes its own counters only, so no lock is needed. The guest's root can read them (exits/statistics.ts),
 * so they hold only counts.
 */
import { arr, at, requires, struct, U64, u64, type Ref, type u32 } from '../../transpiler/lib/index.js';

/** Number of counters of exit reasons. Reasons above the last are counted with it. */
export const EXIT_REASONS = 0x404;
export const LAST_EXIT_REASON = 0x403n;
/** Room for owners, and for kinds of events. */
export const COUNTED_OWNERS = 32;
export const EVENT_KINDS = 32;

/**
 * Offset of the counters in a processor's vcpu (vcpu/vcpu.ts); and in the counters, offsets of the accesses by owner
 * and the events by kind.
 */
export const COUNTERS_OFFSET = 0x1000n;
export const ACCESSES_OFFSET = 0x2020;
export const EVENTS_COUNTED_OFFSET = 0x2120;
/** Number of pages. The counters fill whole pages, so that the guest can read nothing else in them. */
export const COUNTER_PAGES = 3n;

export const Counters = struct(
  'Counters',
  { size: 0x3000 },
  {
    exits: at(0, arr(U64, EXIT_REASONS)),
    accesses: at(ACCESSES_OFFSET, arr(U64, COUNTED_OWNERS)),
    events: at(EVENTS_COUNTED_OFFSET, arr(U64, EVENT_KINDS)),
  },
);
export type Counters = Ref<typeof Counters>;

/** Counts a VM exit with `reason`. */
export function countExit(counters: Counters, reason: u32): void {
  requires(reason < EXIT_REASONS);
  counters.exits.set(reason, u64(counters.exits.get(reason) + 1n));
}

/** Counts an intercepted access to something of `owner`. */
export function countAccess(counters: Counters, owner: u32): void {
  requires(owner < COUNTED_OWNERS);
  counters.accesses.set(owner, u64(counters.accesses.get(owner) + 1n));
}
