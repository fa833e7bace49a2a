/** How the processor that ends the node (kernel/x86/end.ts) stops all others. */
import { fillMemory } from '../../transpiler/lib/index.js';
import { Delivery, sendToOthers } from '../machine/localApic.js';
import { PAGE_BYTES } from '../paging/allocator.js';
import { nestedRoot } from '../space/nestedPaging.js';
import { Reach, reachOfOthers } from '../x86/end.js';

/**
 * Makes all other processors leave their guests; there each finds that the node has ended (standStillIfEnded), and enters its guest no more. An NMI leaves the guest on AMD-V
 * unless the guest handles one; an INIT always does, and stays pending in the hypervisor (APM 2, 15.17; SDM 3C 23.8 and
 * 25.2). A processor whose local APIC is off gets neither: it stops at the next address that it has to look up in the
 * second-level page tables, which are empty now, and at its next exit at the latest where that takes a lock.
 */
export function stopOthers(): void {
  const reach = reachOfOthers();
  if (reach === Reach.none) return;
  fillMemory(nestedRoot(), 0, PAGE_BYTES);
  sendToOthers(Delivery.nmi);
  if (reach === Reach.nmiAndInit) sendToOthers(Delivery.init);
}
