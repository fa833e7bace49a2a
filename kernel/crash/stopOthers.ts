/** Stops all other processors when one ends the node (kernel/x86/end.ts). */
import { fillMemory } from '../../transpiler/lib/index.js';
import { Delivery, sendToOthers } from '../machine/localApic.js';
import { PAGE_BYTES } from '../x86/pages.js';
import { nestedRoot } from '../space/nestedPaging.js';
import { Reach, reachOfOthers } from '../x86/end.js';

/**
 * Makes all other processors exit from their guests. Each then finds that the node has ended (standStillIfEnded) and
 * halts. On AMD-V an NMI causes an exit unless the guest is handling one; an INIT always does, and stays pending in the
 * hypervisor (APM 2, 15.17; SDM 3C 23.8 and 25.2). A processor whose local APIC is disabled receives neither. It stops
 * at its next miss in the nested page tables, which are empty now, or at the latest at its next VM exit that takes a
 * lock.
 */
export function stopOthers(): void {
  const reach = reachOfOthers();
  if (reach === Reach.none) return;
  fillMemory(nestedRoot(), 0, PAGE_BYTES);
  sendToOthers(Delivery.nmi);
  if (reach === Reach.nmiAndInit) sendToOthers(Delivery.init);
}
