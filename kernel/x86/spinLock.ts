/**
 * A lock for the few things that all processors share while guests run.
 *
 * A processor waits for it without a time limit. Its holder always releases it: an exit handler runs with GIF clear on
 * AMD-V (APM 2, 15.17) and in VMX root operation on VT-x (SDM 3C 23.8), where an INIT stays pending; no handler of
 * NMIs, exceptions or machine checks takes a lock; and no handler enables interrupts, or enters the guest, while it
 * holds one. If the holder crashes, the node ends, and the waiting processors halt.
 *
 * Locks are taken in this order: the local APIC's, the MTRRs', the console's, the power-management timer's.
 */
import { addressOf, at, exchange32, pause, struct, U32, type Ref } from '../../transpiler/lib/index.js';
import { standStillIfEnded } from './end.js';

export const SpinLock = struct('SpinLock', { size: 4, volatile: true }, { taken: at(0, U32) });
export type SpinLock = Ref<typeof SpinLock>;

/** Waits until `lock` is free, and takes it. Halts for good if the node has ended (end.ts). */
export function takeLock(lock: SpinLock): void {
  standStillIfEnded();
  while (!tryLock(lock)) {
    pause();
    standStillIfEnded();
  }
}

/** Takes `lock` if it is free. Returns false if it is not. */
export function tryLock(lock: SpinLock): boolean {
  return exchange32(addressOf(lock), 1) === 0;
}

export function releaseLock(lock: SpinLock): void {
  exchange32(addressOf(lock), 0);
}
