/**
 * When the guest's writes to its local APICs are intercepted on AMD-V, so that INIT and SIPI are not sent but asked of their
 * receivers: its writes to the APIC's page, to the addresses at which messages become interrupts, and to the ICR of x2APIC
 * mode. It reads the real page. Where the processors redirect INITs (initRedirection.ts) the interception may end once a kernel
 * has started all of them: an INIT that is sent then parks its receiver all the same, and begins the interception again.
 */
import type { u32, u64 } from '../../../transpiler/lib/index.js';
import { at, BOOL, gpa, instance, struct, type Gpa } from '../../../transpiler/lib/index.js';
import {
  isApicWatched,
  MESSAGES,
  MESSAGES_BYTES,
  unwatchApic,
  watchApic,
  watchApicAgain,
  watchedPage,
} from '../../devices/localApic/apic.js';
import { lastProcessor } from '../../machine/madt.js';
import { ApicChoice, options } from '../../machine/options.js';
import { PAGE_BYTES } from '../../paging/allocator.js';
import { addPageRights, setPageRights, takePageRights } from '../../space/nestedPaging.js';
import { beginLine, endLine, print, releaseConsole, takeConsole } from '../../report/console.js';
import { kernelRunsEveryProcessor, lockStartup, requestFlush, unlockStartup } from '../../vcpu/sipi.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { NESTED_READ_ONLY_UNCACHED, NESTED_WRITABLE, svmEntryFormat } from '../control/entryFormat.js';
import { chooseRedirection, redirectsInit } from './initRedirection.js';
import { permitCommands, watchCommands } from '../control/permissionMaps.js';

const Interception = struct('ApicInterception', { size: 2 }, { mayEnd: at(0, BOOL), resumes: at(1, BOOL) });
/** Whether the interception ends when a kernel runs all processors, and whether it begins again with an INIT. */
const interception = instance(Interception);

/** Intercepts the guest's commands to local APICs from now on. */
export function svmInterceptApic(): void {
  chooseRedirection();
  protect(watchApic());
  for (let offset: u64 = 0n; offset < MESSAGES_BYTES; offset += PAGE_BYTES) protect(gpa(MESSAGES + offset));
  interception.resumes = options.apic === ApicChoice.auto && redirectsInit();
  interception.mayEnd = interception.resumes || options.apic === ApicChoice.release;
  if (options.apic === ApicChoice.release) warn();
}

/** Whether the interception may have ended: quick to say where it never does. */
export function mayEndInterception(): boolean {
  return interception.mayEnd;
}

/** Whether the guest's commands are still intercepted. Where that may end, it does so here, once all processors run. */
export function svmInterceptsApic(): boolean {
  if (interception.mayEnd && isApicWatched() && kernelRunsEveryProcessor()) endInterception();
  return isApicWatched();
}

/** Processors that still know the page as read-only exit once more. No system writes to the other addresses. */
function endInterception(): void {
  lockStartup();
  // An INIT that came meanwhile was noted under the lock.
  const ends = isApicWatched() && kernelRunsEveryProcessor();
  if (ends) {
    unwatchApic(!interception.resumes);
    addPageRights(watchedPage(), NESTED_WRITABLE);
    permitCommands();
  }
  unlockStartup();
  if (ends && options.apic === ApicChoice.release) tellEnd();
}

function tellEnd(): void {
  takeConsole();
  beginLine();
  print('all processors run: writes to their local APICs are no longer intercepted');
  endLine();
  releaseConsole();
}

/**
 * Intercepts the guest's commands again, so that the SIPI is seen that follows an INIT which came unseen; the caller holds the
 * startup lock. A SIPI that is sent before the others have flushed their TLBs is lost: its receiver does not wait for it in hardware.
 */
export function resumeInterception(vcpu: Vcpu): void {
  if (isApicWatched() || !interception.resumes) return;
  takePageRights(watchedPage(), NESTED_WRITABLE);
  watchCommands();
  watchApicAgain();
  const last = lastProcessor();
  for (let number: u32 = 0; number <= last; number++) {
    if (number !== vcpu.number) requestFlush(number);
  }
}

function protect(page: Gpa): void {
  setPageRights(page, NESTED_READ_ONLY_UNCACHED, svmEntryFormat());
}

function warn(): void {
  beginLine();
  print('warning: apic=release: once all processors run, an INIT that the guest sends stops one, or frees it on QEMU');
  endLine();
}
