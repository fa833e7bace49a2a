/** The rate of the time-stamp counter, measured against a timer of which the rate is known. */
import { at, local, min64, pause, rdtsc, struct, U64, u64, type Ref, type u32 } from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { endReference, readReference, referenceFrequency, startReference } from './reference.js';

/** Measured are 10 ms, which a reading of the timer (about 1 us) makes wrong by 1 in 10,000 at most. */
const MEASUREMENTS_A_SECOND = 100n;
/** More than 10 ms on any machine. A timer that stands still is found out after it. */
const MOST_READINGS = 0x100_0000;
/** Of so many readings the quickest counts, because system management code may interrupt one. */
const READINGS = 8;
/** Between two readings this is never reached; it bounds the products below. */
const MOST_COUNTS = 1n << 33n;
/** 1 MHz: no processor with a slower counter has virtualization. */
const LEAST_FREQUENCY = 1_000_000n;

/** One moment on both clocks. */
const Moment = struct('Moment', { size: 16 }, { tsc: at(0, U64), timer: at(8, U64) });
type Moment = Ref<typeof Moment>;

/** Counts of the time-stamp counter a second. Takes 10 ms. Stops start-up where there is nothing to measure by. */
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
