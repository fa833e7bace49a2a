/**
 * Whose turn it is to print while guests run, so that lines of several processors do not mix. An event waits for nobody's turn: it is
 * printed at once where the console is free, else by the processor that has it, when that gives it back.
 */
import { instance, pause, type u32 } from '../../transpiler/lib/index.js';
import { hasNews } from '../observe/events.js';
import { releaseLock, SpinLock, takeLock, tryLock } from '../x86/spinLock.js';
import { printEvents } from './printEvents.js';

/** Longest wait for the console's lock, in PAUSEs: ten times as long as printing a line takes. */
const MOST_PAUSES = 10_000;

const lock = instance(SpinLock);

/** Waits for the console, to print lines until releaseConsole(). */
export function takeConsole(): void {
  takeLock(lock);
}

/**
 * Takes the console for the last report, without waiting for ever. A processor that is printing a line ends it within
 * microseconds, unless it crashed there; the report goes on in either case.
 */
export function seizeConsole(): void {
  for (let pauses: u32 = 0; pauses < MOST_PAUSES; pauses++) {
    if (tryLock(lock)) return;
    pause();
  }
}

/** Gives the console back, and prints the events that have happened meanwhile. */
export function releaseConsole(): void {
  releaseLock(lock);
  printNews();
}

/**
 * Prints the events that are waiting, unless another processor has the console: that one does it then. It looks for them after it has
 * given the console back, so that none is left behind which happened just before.
 */
export function printNews(): void {
  while (hasNews() && tryLock(lock)) {
    printEvents();
    releaseLock(lock);
  }
}
