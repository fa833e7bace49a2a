/**
 * The clock: the time-stamp counter if its rate never changes, else the ACPI power-management timer. It is chosen once,
 * at start-up; from then on the same functions serve both. Times are in counts of the clock.
 */
import {
  at,
  cpuid,
  ensures,
  instance,
  min32,
  min64,
  requires,
  struct,
  table,
  u32,
  U32,
  u64,
  U64,
} from '../../transpiler/lib/index.js';
import { endLine, print, printDecimal } from '../report/console.js';
import { fail } from '../report/fail.js';
import { measureTscFrequency } from './calibration.js';
import { POWER_TIMER_FREQUENCY, powerTimerRound, readPowerTimer, startPowerTimer } from './powerTimer.js';
import { readTimestamp, startTimestamp } from './timestamp.js';
import { Leaf } from '../x86/cpuid.js';

/** The counter that the clock uses. */
export const ClockSource = { powerTimer: 0, tsc: 1 } as const;
export type ClockSource = (typeof ClockSource)[keyof typeof ClockSource];
const SOURCES = 2;
const LAST_SOURCE = 1;

/** Highest clock rate, 16 GHz, above any real one. It keeps the products below within 64 bits. */
export const MOST_FREQUENCY = 0x3_ffff_ffffn;
/** End of the times that countsOf() accepts: 17 minutes. */
export const MICROSECONDS_END = 1 << 30;
const MICROSECONDS_A_SECOND = 1_000_000n;
const NANOSECONDS_A_SECOND = 1_000_000_000n;

/** CPUID 8000_0007H, EDX[8]: the counter has one rate in all power states (SDM 3B 17.17.1; APM 3, E.4.6). */
const EDX_INVARIANT_TSC = 1 << 8;

const Clock = struct('Clock', { size: 16 }, { source: at(0, U32), frequency: at(8, U64) });
const clock = instance(Clock);

type Count = () => u64;
const readers = table<Count>(SOURCES, readPowerTimer, { [ClockSource.tsc]: readTimestamp });
const rounds = table<Count>(SOURCES, powerTimerRound, { [ClockSource.tsc]: tscRound });

/**
 * Chooses the clock and prints which it is. Stops start-up if the time-stamp counter is unsuitable and the machine has
 * no power-management timer: the guest may stop any other timer.
 */
export function startClock(): void {
  startTimestamp();
  if (hasInvariantTsc()) {
    clock.frequency = measureTscFrequency();
    clock.source = ClockSource.tsc;
    print('time comes from the time-stamp counter, ');
  } else {
    if (!startPowerTimer()) fail('the firmware names no power-management timer (ACPI table FACP), so time is unknown');
    clock.frequency = POWER_TIMER_FREQUENCY;
    clock.source = ClockSource.powerTimer;
    print('time comes from the ACPI power-management timer, ');
  }
  printDecimal(clock.frequency / 1000n);
  print(' kHz');
  endLine();
}

function hasInvariantTsc(): boolean {
  const last = cpuid(Leaf.lastExtended, 0);
  if (last.eax < Leaf.powerManagement) return false;
  const features = cpuid(Leaf.powerManagement, 0);
  return u32(features.edx & EDX_INVARIANT_TSC) !== 0;
}

/** The counter in use: a value of ClockSource. */
export function clockSource(): u32 {
  const source = min32(clock.source, LAST_SOURCE);
  ensures(source <= LAST_SOURCE);
  return source;
}

/** The current time, counted from some moment before the clock was started. */
export function readClock(): u64 {
  return readers.get(clockSource())();
}

/** Wrap-around period. Read the clock more often than this. */
export function clockRound(): u64 {
  return rounds.get(clockSource())();
}

/** Counts per second. */
export function clockFrequency(): u64 {
  const frequency = min64(clock.frequency, MOST_FREQUENCY);
  ensures(frequency <= MOST_FREQUENCY);
  return frequency;
}

/** Converts microseconds to counts. */
export function countsOf(microseconds: u32): u64 {
  requires(microseconds < MICROSECONDS_END);
  return (u64(microseconds) * clockFrequency()) / MICROSECONDS_A_SECOND;
}

/** Converts counts to nanoseconds. */
export function nanosecondsOf(counts: u64): u64 {
  const frequency = clockFrequency();
  if (frequency === 0n) return 0n;
  const rest = ((counts % frequency) * NANOSECONDS_A_SECOND) / frequency;
  return u64((counts / frequency) * NANOSECONDS_A_SECOND + rest);
}

/** Period of the time-stamp counter: with 64 bits, centuries. */
function tscRound(): u64 {
  return 0xffff_ffff_ffff_ffffn;
}
