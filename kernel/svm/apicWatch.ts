/**
 * Watches the local APIC where an INIT would carry a processor out of the guest: on AMD-V the guest's writes to the APIC's
 * page, and to the addresses at which messages become interrupts, leave the guest; it reads the real page.
 */
import type { u64 } from '../../transpiler/lib/index.js';
import { gpa, type Gpa } from '../../transpiler/lib/index.js';
import { isApicWatched, MESSAGES, MESSAGES_BYTES, unwatchApic, watchApic, watchedPage } from '../exits/apic.js';
import { ApicChoice, options } from '../machine/options.js';
import { PAGE_BYTES } from '../memory/allocator.js';
import { addPageRights, setPageRights } from '../memory/nestedPaging.js';
import { beginLine, endLine, print, releaseConsole, takeConsole } from '../report/console.js';
import { kernelRunsEveryProcessor } from '../vcpu/startup.js';
import { NESTED_READ_ONLY_UNCACHED, NESTED_WRITABLE, svmEntryFormat } from './entryFormat.js';

/** Has the guest's commands to local APICs looked at from now on. */
export function svmWatchApic(): void {
  const page = watchApic();
  protect(page);
  for (let offset: u64 = 0n; offset < MESSAGES_BYTES; offset += PAGE_BYTES) protect(gpa(MESSAGES + offset));
  if (options.apic === ApicChoice.release) warn();
}

/** Whether the guest's writes are still looked at. With `apic=release` that ends here, once all processors run. */
export function svmIsApicWatched(): boolean {
  if (options.apic === ApicChoice.release && isApicWatched() && kernelRunsEveryProcessor()) releaseApic();
  return isApicWatched();
}

/** Processors that still know the pages as read-only leave the guest once more. */
function releaseApic(): void {
  unwatchApic();
  addPageRights(watchedPage(), NESTED_WRITABLE);
  for (let offset: u64 = 0n; offset < MESSAGES_BYTES; offset += PAGE_BYTES) {
    addPageRights(gpa(MESSAGES + offset), NESTED_WRITABLE);
  }
  takeConsole();
  beginLine();
  print('all processors run: their local APICs are no longer watched');
  endLine();
  releaseConsole();
}

function protect(page: Gpa): void {
  setPageRights(page, NESTED_READ_ONLY_UNCACHED, svmEntryFormat());
}

function warn(): void {
  beginLine();
  print('warning: apic=release: once all processors run, an INIT that the guest sends stops one, or frees it on QEMU');
  endLine();
}
