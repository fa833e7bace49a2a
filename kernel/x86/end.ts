/**
 * The end of the node: the hypervisor crashed, or the guest cannot go on. One processor claims the end, stops the
 * others (kernel/crash/stopOthers.ts), reports, and halts or resets the machine. This state has a file of its own
 * because spin locks test it.
 */
import { addressOf, at, exchange32, haltForever, instance, struct, U32, type u32 } from '../../transpiler/lib/index.js';

/** How the other processors are made to exit from their guests. `none`: they run no guest yet. */
export const Reach = { none: 0, nmi: 1, nmiAndInit: 2 } as const;
export type Reach = (typeof Reach)[keyof typeof Reach];

const CLAIMED = 1;
const End = struct('End', { size: 8, volatile: true }, { claim: at(0, U32), reach: at(4, U32) });
const end = instance(End, { align: 4 });

/** Claims the end for this processor. Does not return if another processor, or this one earlier, has claimed it. */
export function claimEnd(): void {
  if (exchange32(addressOf(end), CLAIMED) !== 0) haltForever();
}

/** Whether a processor has claimed the end. */
export function hasEnded(): boolean {
  return end.claim === CLAIMED;
}

/** Does not return if a processor has claimed the end. An INIT or NMI that is pending then stays pending. */
export function standStillIfEnded(): void {
  if (hasEnded()) haltForever();
}

/** Records that the guest starts now, and how its processors can be stopped. */
export function noteGuestRuns(reach: Reach): void {
  end.reach = reach;
}

/** How the other processors are made to exit from their guests: a value of Reach. */
export function reachOfOthers(): u32 {
  return end.reach;
}
