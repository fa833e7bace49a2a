/** A lock for the few things that all processors share while guests run: the log, the clock. */
import { addressOf, at, exchange32, pause, struct, U32, type Ref, type u32 } from '../../transpiler/lib/index.js';

export const SpinLock = struct('SpinLock', { size: 4 }, { taken: at(0, U32) });
export type SpinLock = Ref<typeof SpinLock>;

/** What is done under a lock takes microseconds, a tenth of so many pauses at most. */
const MOST_PAUSES = 1_000;

/**
 * Waits until nobody holds `lock`, and takes it. A holder that does not release it in time is not waited for: an INIT
 * has reset its processor, or it is reporting a crash. So nobody waits for ever.
 */
export function takeLock(lock: SpinLock): void {
  if (wasTaken(lock)) waitFor(lock);
}

function waitFor(lock: SpinLock): void {
  for (let pauses: u32 = 0; pauses < MOST_PAUSES; pauses++) {
    pause();
    if (!wasTaken(lock)) return;
  }
}

/** Takes `lock` where it is free. Whether it was not. */
function wasTaken(lock: SpinLock): boolean {
  return exchange32(addressOf(lock), 1) !== 0;
}

export function releaseLock(lock: SpinLock): void {
  exchange32(addressOf(lock), 0);
}
