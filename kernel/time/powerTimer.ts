/**
 * The ACPI power-management timer (ACPI Specification 6.4, 4.8.3.3): 3.579545 MHz on every machine, 24 or 32 bits.
 *
 * It starts over every 4.6 seconds, or 20 minutes. Between two readings of its 64-bit count must lie less than that, or
 * the count lacks a whole round. The timer queue sees to it while it holds something; nobody else keeps a time.
 */
import { at, in32, instance, struct, U16, u32, U32, u64, U64 } from '../../transpiler/lib/index.js';
import { NO_PORT, powerTimerMask, powerTimerPort } from '../machine/fadt.js';
import { releaseLock, SpinLock, takeLock } from '../x86/spinLock.js';

/** Counts a second. */
export const POWER_TIMER_FREQUENCY = 3_579_545n;

const PowerTimer = struct(
  'PowerTimer',
  { size: 24 },
  {
    port: at(0, U16),
    /** The bits that count. */
    mask: at(4, U32),
    /** What the port gave last. */
    last: at(8, U32),
    /** How much was counted up to then. */
    total: at(16, U64),
  },
);
const timer = instance(PowerTimer);
/** Two processors that read at once would count the same time twice. */
const lock = instance(SpinLock);

/** Finds the timer and starts counting at 0, the first time. False where the machine has none. */
export function startPowerTimer(): boolean {
  if (timer.port !== NO_PORT) return true;
  const port = powerTimerPort();
  if (port === NO_PORT) return false;
  timer.port = port;
  timer.mask = powerTimerMask();
  timer.last = in32(port);
  timer.total = 0n;
  return true;
}

/** How much was counted since the start. */
export function readPowerTimer(): u64 {
  takeLock(lock);
  const now = in32(timer.port);
  const total = u64(timer.total + u64(u32((now - timer.last) & timer.mask)));
  timer.last = now;
  timer.total = total;
  releaseLock(lock);
  return total;
}

/** After how much the timer starts over. */
export function powerTimerRound(): u64 {
  return u64(timer.mask) + 1n;
}
