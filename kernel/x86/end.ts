/**
 * The end of the node: a crash of the hypervisor, or a guest that cannot go on. One processor claims it, stops the others
 * (kernel/crash/stopOthers.ts), reports and halts or resets the machine. It stands apart from both because locks look at it.
 */
import { addressOf, at, exchange32, haltForever, instance, struct, U32, type u32 } from '../../transpiler/lib/index.js';

/** What makes the other processors leave their guests. `none`: they run no guest yet. */
export const Reach = { none: 0, nmi: 1, nmiAndInit: 2 } as const;
export type Reach = (typeof Reach)[keyof typeof Reach];

const CLAIMED = 1;
const End = struct('End', { size: 8, volatile: true }, { claim: at(0, U32), reach: at(4, U32) });
const end = instance(End, { align: 4 });

/** Claims the end for this processor. Does not return where another processor, or this one before, has claimed it. */
export function claimEnd(): void {
  if (exchange32(addressOf(end), CLAIMED) !== 0) haltForever();
}

/** Whether a processor has claimed the end. */
export function hasEnded(): boolean {
  return end.claim === CLAIMED;
}

/** Does not return where a processor has claimed the end. An INIT or NMI that is pending then stays pending. */
export function standStillIfEnded(): void {
  if (hasEnded()) haltForever();
}

/** The guest starts now. `reach` says how its processors are stopped. */
export function noteGuestRuns(reach: Reach): void {
  end.reach = reach;
}

/** What makes the other processors leave their guests. */
export function reachOfOthers(): u32 {
  return end.reach;
}
