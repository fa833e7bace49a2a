/**
 * What a processor counts while its guest runs: its exits by reason, and the accesses that exited by who owns what they reached, and events by kind. Each
 * processor writes its own counters only, so no lock is needed. The guest's root can read them (exits/statistics.ts): they hold nothing
 * but counts.
 */
import { arr, at, requires, struct, U64, u64, type Ref, type u32 } from '../../transpiler/lib/index.js';

/** Exit reasons are counted by their number; a higher number than the last is counted as the last. */
export const EXIT_REASONS = 0x404;
export const LAST_EXIT_REASON = 0x403n;
/** Room for the numbers of owners, and of kinds of events. */
export const OWNERS = 32;
export const EVENT_KINDS = 32;

/** Where the counters are in a processor's record (vcpu/vcpu.ts); and in them, the accesses by owner and the events by kind. */
export const COUNTERS_OFFSET = 0x1000n;
export const ACCESSES_OFFSET = 0x2020;
export const EVENTS_COUNTED_OFFSET = 0x2120;
/** Whole pages, so that what the guest reads shows nothing else. */
export const COUNTER_PAGES = 3n;

export const Counters = struct(
  'Counters',
  { size: 0x3000 },
  {
    exits: at(0, arr(U64, EXIT_REASONS)),
    accesses: at(ACCESSES_OFFSET, arr(U64, OWNERS)),
    events: at(EVENTS_COUNTED_OFFSET, arr(U64, EVENT_KINDS)),
  },
);
export type Counters = Ref<typeof Counters>;

/** Counts an exit for `reason`. */
export function countExit(counters: Counters, reason: u32): void {
  requires(reason < EXIT_REASONS);
  counters.exits.set(reason, u64(counters.exits.get(reason) + 1n));
}

/** Counts an access that exited and reached what `owner` has. */
export function countAccess(counters: Counters, owner: u32): void {
  requires(owner < OWNERS);
  counters.accesses.set(owner, u64(counters.accesses.get(owner) + 1n));
}
