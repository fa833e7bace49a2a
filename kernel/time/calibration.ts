/** Measures the rate of the time-stamp counter against a timer of known rate. */
import { at, local, min64, pause, rdtsc, struct, U64, u64, type Ref, type u32 } from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { endReference, readReference, referenceFrequency, startReference } from './reference.js';

/** A measurement takes 10 ms. Reading the timer takes about 1 us, so the error is at most 1 in 10,000. */
const MEASUREMENTS_A_SECOND = 100n;
/** Most readings of the timer: more than 10 ms on any machine. A timer that has not advanced by then stands still. */
const MOST_READINGS = 0x100_0000;
/** Number of readings for one moment. The quickest counts, because system management code may interrupt the others. */
const READINGS = 8;
/** Upper bound of the counts of a measurement, never reached. It keeps the products below within 64 bits. */
const MOST_COUNTS = 1n << 33n;
/** Lowest plausible rate, 1 MHz: every processor with hardware virtualization has a faster counter. */
const LEAST_FREQUENCY = 1_000_000n;

/** The same moment on both clocks. */
const Moment = struct('Moment', { size: 16 }, { tsc: at(0, U64), timer: at(8, U64) });
type Moment = Ref<typeof Moment>;

/**
 * Measures the rate of the time-stamp counter, in counts per second. Takes 10 ms. Stops start-up if there is no timer
 * to measure with.
 */
export function measureTscFrequency(): u64 {
  const first = local(Moment);
  const last = local(Moment);
  startReference();
  takeMoment(first);
  waitUntil(u64(first.timer + referenceFrequency() / MEASUREMENTS_A_SECOND));
  takeMoment(last);
  endReference();
  const counts = min64(u64(last.tsc - first.tsc), MOST_COUNTS);
  const timerCounts = u64(last.timer - first.timer);
  if (timerCounts === 0n) fail('the timer that time is measured by stands still');
  const frequency = (counts * referenceFrequency()) / timerCounts;
  if (frequency < LEAST_FREQUENCY) fail('the time-stamp counter stands still');
  return frequency;
}

function takeMoment(moment: Moment): void {
  let quickest: u64 = MOST_COUNTS;
  for (let i: u32 = 0; i < READINGS; i++) {
    const before = rdtsc();
    const timer = readReference();
    const taken = u64(rdtsc() - before);
    if (taken < quickest) {
      quickest = taken;
      moment.tsc = u64(before + taken / 2n);
      moment.timer = timer;
    }
  }
}

function waitUntil(end: u64): void {
  for (let i: u32 = 0; i < MOST_READINGS; i++) {
    if (readReference() >= end) return;
    pause();
  }
  fail('the timer that time is measured by stands still');
}
