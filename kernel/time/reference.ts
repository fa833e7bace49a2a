/**
 * The timer against which the rate of the time-stamp counter is measured: the power-management timer, else the HPET.
 */
import {
  at,
  ensures,
  instance,
  min32,
  min64,
  struct,
  table,
  U32,
  U64,
  type u32,
  type u64,
} from '../../transpiler/lib/index.js';
import { fail } from '../report/fail.js';
import { readHpet, startHpet, stopHpet } from './hpet.js';
import { POWER_TIMER_FREQUENCY, readPowerTimer, startPowerTimer } from './powerTimer.js';

const Source = { powerTimer: 0, hpet: 1 } as const;
const SOURCES = 2;
const LAST_SOURCE = 1;
/** Highest rate of the timer, above any real one. It keeps products within 64 bits. */
export const MOST_REFERENCE_FREQUENCY = 0x3fff_ffffn;

const Reference = struct('Reference', { size: 16 }, { source: at(0, U32), frequency: at(8, U64) });
const reference = instance(Reference);

type Count = () => u64;
const readers = table<Count>(SOURCES, readPowerTimer, { [Source.hpet]: readHpet });
type End = () => void;
const ends = table<End>(SOURCES, leavePowerTimer, { [Source.hpet]: stopHpet });

/** Chooses the timer and starts it. Stops start-up if the firmware names none. */
export function startReference(): void {
  if (startPowerTimer()) {
    reference.source = Source.powerTimer;
    reference.frequency = POWER_TIMER_FREQUENCY;
    return;
  }
  reference.source = Source.hpet;
  reference.frequency = startHpet();
  if (reference.frequency === 0n) {
    fail('the firmware names no timer (ACPI tables FACP and HPET), so the rate of the time-stamp counter is unknown');
  }
}

/** The counts since startReference(). */
export function readReference(): u64 {
  return readers.get(source())();
}

/** Ends the measurement and restores the timer to its state before. */
export function endReference(): void {
  ends.get(source())();
}

/** Counts per second. */
export function referenceFrequency(): u64 {
  const frequency = min64(reference.frequency, MOST_REFERENCE_FREQUENCY);
  ensures(frequency <= MOST_REFERENCE_FREQUENCY);
  return frequency;
}

function source(): u32 {
  return min32(reference.source, LAST_SOURCE);
}

/** Does nothing: the power-management timer is free-running and needs no set-up. */
function leavePowerTimer(): void {
  return;
}
