/**
 * Statistics that the guest's root reads without a VM exit: a page with a description, and for each processor the pages
 * with its counters. They lie in hidden memory, which the guest's memory map marks as reserved; the guest can read
 * these pages but not write them. They hold counts and their description only, and nothing of the guest: no registers,
 * no addresses, no text of the log.
 */
import type { u64 } from '../../transpiler/lib/index.js';
import {
  at,
  hpa,
  HPA,
  instance,
  physical,
  requires,
  struct,
  U32,
  U64,
  type Hpa,
  type u32,
} from '../../transpiler/lib/index.js';
import { MAX_PROCESSORS, processorCount } from '../machine/madt.js';
import {
  ACCESSES_OFFSET,
  COUNTER_PAGES,
  COUNTERS_OFFSET,
  EVENT_KINDS,
  EVENTS_COUNTED_OFFSET,
  EXIT_REASONS,
  COUNTED_OWNERS,
} from '../observe/counters.js';
import { PAGE_BYTES } from '../x86/pages.js';
import { allocatePages } from '../paging/allocator.js';
import { hiddenBytes, hiddenStart, showReadOnly } from '../space/nestedPaging.js';
import { clockFrequency, clockSource } from '../time/clock.js';
import { PROCESSOR_BYTES, vcpuAddress } from '../vcpu/processors.js';
import { vendor } from '../x86/vendor.js';

/** "tsvmstat", little endian. */
const MAGIC = 0x7461_7473_6d76_7374n;
const STATISTICS_VERSION = 2;

/** The page that docs/hypercall.md describes. Later versions add fields at the end; existing ones stay. */
export const Statistics = struct(
  'Statistics',
  { size: 0x58 },
  {
    magic: at(0x00, U64),
    version: at(0x08, U32),
    /** Number of valid bytes of this page. */
    bytes: at(0x0c, U32),
    vendor: at(0x10, U32),
    processors: at(0x14, U32),
    /**
     * Address of the first processor's counts, distance to the next processor's, and number of counts of each, of 8
     * bytes.
     */
    counts: at(0x18, HPA),
    countsDistance: at(0x20, U64),
    countsOfEach: at(0x28, U32),
    clockSource: at(0x2c, U32),
    clockFrequency: at(0x30, U64),
    hiddenStart: at(0x38, HPA),
    hiddenBytes: at(0x40, U64),
    /** Offset from a processor's counts of exits to its counts of accesses, and number of these, one for each owner. */
    accesses: at(0x48, U32),
    accessesOfEach: at(0x4c, U32),
    /** Offset from a processor's counts of exits to its counts of events, and number of these, one for each kind. */
    events: at(0x50, U32),
    eventsOfEach: at(0x54, U32),
  },
);

const Published = struct('PublishedStatistics', { size: 8 }, { page: at(0, HPA) });
const published = instance(Published);

/** Makes the statistics readable for the guest. */
export function publishStatistics(): void {
  published.page = allocatePages(1);
  describe();
  showReadOnly(published.page);
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) showCounts(number);
}

/** Address of the page. */
export function statisticsPage(): Hpa {
  return published.page;
}

function describe(): void {
  const page = physical(Statistics, published.page);
  page.magic = MAGIC;
  page.version = STATISTICS_VERSION;
  page.bytes = Statistics.bytes;
  page.vendor = vendor();
  page.processors = processorCount();
  page.counts = hpa(vcpuAddress(0) + COUNTERS_OFFSET);
  page.countsDistance = PROCESSOR_BYTES;
  page.countsOfEach = EXIT_REASONS;
  page.clockSource = clockSource();
  page.clockFrequency = clockFrequency();
  page.hiddenStart = hiddenStart();
  page.hiddenBytes = hiddenBytes();
  page.accesses = ACCESSES_OFFSET;
  page.accessesOfEach = COUNTED_OWNERS;
  page.events = EVENTS_COUNTED_OFFSET;
  page.eventsOfEach = EVENT_KINDS;
}

function showCounts(number: u32): void {
  requires(number < MAX_PROCESSORS);
  const first = hpa(vcpuAddress(number) + COUNTERS_OFFSET);
  for (let index: u64 = 0n; index < COUNTER_PAGES; index += 1n) showReadOnly(hpa(first + index * PAGE_BYTES));
}
