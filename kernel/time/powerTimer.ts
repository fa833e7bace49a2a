/**
 * The ACPI power-management timer (ACPI Specification 6.4, 4.8.3.3): 3.579545 MHz on every machine, 24 or 32 bits.
 *
 * The timer wraps every 4.6 seconds (24 bits) or 20 minutes (32 bits). Its 64-bit count has to be read more often than
 * that, or it misses a whole round. The timer queue takes care of that while it has an entry; nothing else depends on
 * the time.
 */
import { at, in32, instance, struct, U16, u32, U32, u64, U64 } from '../../transpiler/lib/index.js';
import { NO_PORT, powerTimerMask, powerTimerPort } from '../machine/fadt.js';
import { releaseLock, SpinLock, takeLock } from '../x86/spinLock.js';

/** Counts per second. */
export const POWER_TIMER_FREQUENCY = 3_579_545n;

const PowerTimer = struct(
  'PowerTimer',
  { size: 24 },
  {
    port: at(0, U16),
    /** Mask of the bits that the timer has. */
    mask: at(4, U32),
    /** The value last read from the port. */
    last: at(8, U32),
    /** The 64-bit count at that reading. */
    total: at(16, U64),
  },
);
const timer = instance(PowerTimer);
/** The lock keeps two processors from adding the same counts twice. */
const lock = instance(SpinLock);

/** Finds the timer and, the first time, starts counting at 0. Returns false if the machine has none. */
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

/** The counts since startPowerTimer(). */
export function readPowerTimer(): u64 {
  takeLock(lock);
  const now = in32(timer.port);
  const total = u64(timer.total + u64(u32((now - timer.last) & timer.mask)));
  timer.last = now;
  timer.total = total;
  releaseLock(lock);
  return total;
}

/** Wrap-around period, in counts. */
export function powerTimerRound(): u64 {
  return u64(timer.mask) + 1n;
}
