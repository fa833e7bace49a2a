/**
 * Statistics that the guest's root reads without an exit: a page that says what there is, and for each processor the pages in which its
 * exits are counted. The guest can only read them, where they are: in hidden memory, which its memory map names as reserved. They hold counts
 * and what describes them, and never anything of the guest: no registers, no addresses, no text of the log.
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
  OWNERS,
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

/** As docs/hypercall.md describes it. Later versions add fields at the end; what is there stays. */
export const Statistics = struct(
  'Statistics',
  { size: 0x58 },
  {
    magic: at(0x00, U64),
    version: at(0x08, U32),
    /** How many bytes of this page have a meaning. */
    bytes: at(0x0c, U32),
    vendor: at(0x10, U32),
    processors: at(0x14, U32),
    /** Where the first processor's counts are, how far the next one's are from there, and how many each has, of 8 bytes. */
    counts: at(0x18, HPA),
    countsDistance: at(0x20, U64),
    countsOfEach: at(0x28, U32),
    clockSource: at(0x2c, U32),
    clockFrequency: at(0x30, U64),
    hiddenStart: at(0x38, HPA),
    hiddenBytes: at(0x40, U64),
    /** From a processor's counts of exits to its counts of accesses, and how many of these it has, one for each owner. */
    accesses: at(0x48, U32),
    accessesOfEach: at(0x4c, U32),
    /** The same of its counts of events, one for each kind. */
    events: at(0x50, U32),
    eventsOfEach: at(0x54, U32),
  },
);

const Published = struct('PublishedStatistics', { size: 8 }, { page: at(0, HPA) });
const published = instance(Published);

/** Lets the guest read the statistics. */
export function publishStatistics(): void {
  published.page = allocatePages(1);
  describe();
  showReadOnly(published.page);
  const count = processorCount();
  for (let number: u32 = 0; number < count; number++) showCounts(number);
}

/** Where the page is. */
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
  page.accessesOfEach = OWNERS;
  page.events = EVENTS_COUNTED_OFFSET;
  page.eventsOfEach = EVENT_KINDS;
}

function showCounts(number: u32): void {
  requires(number < MAX_PROCESSORS);
  const first = hpa(vcpuAddress(number) + COUNTERS_OFFSET);
  for (let index: u64 = 0n; index < COUNTER_PAGES; index += 1n) showReadOnly(hpa(first + index * PAGE_BYTES));
}
