/**
 * Decides when the guest's writes to its local APICs are intercepted on AMD-V, so that its INITs and SIPIs become
 * requests to their receivers (kernel/vcpu/sipi.ts) instead of being sent. Intercepted are writes to the APIC's page,
 * to the addresses at which messages become interrupts, and to the ICR in x2APIC mode; reads access the real page. If
 * the processors redirect INITs (initRedirection.ts), interception may end once a kernel has started all processors: an
 * INIT sent after that still parks its receiver, and interception is switched on again.
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
/** `mayEnd`: interception ends when a kernel runs all processors. `resumes`: an INIT switches it on again. */
const interception = instance(Interception);

/** Intercepts the guest's writes to the ICR of its local APICs from now on. */
export function svmInterceptApic(): void {
  chooseRedirection();
  protect(watchApic());
  for (let offset: u64 = 0n; offset < MESSAGES_BYTES; offset += PAGE_BYTES) protect(gpa(MESSAGES + offset));
  interception.resumes = options.apic === ApicChoice.auto && redirectsInit();
  interception.mayEnd = interception.resumes || options.apic === ApicChoice.release;
  if (options.apic === ApicChoice.release) warn();
}

/** Whether interception may end on this machine: a cheap test before svmInterceptsApic(). */
export function mayEndInterception(): boolean {
  return interception.mayEnd;
}

/** Whether the guest's ICR writes are intercepted. Ends the interception here if it may end and all processors run. */
export function svmInterceptsApic(): boolean {
  if (interception.mayEnd && isApicWatched() && kernelRunsEveryProcessor()) endInterception();
  return isApicWatched();
}

/**
 * Ends the interception. Processors whose TLB still has the page as read-only cause one more exit. No system writes to
 * the other addresses.
 */
function endInterception(): void {
  lockStartup();
  // An INIT in the meantime was recorded under the lock.
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
 * Switches interception on again, in order to see the SIPI that follows an INIT which was not intercepted. The caller
 * holds the startup lock. A SIPI sent before the other processors have flushed their TLBs is lost, because its receiver
 * does not wait for it in hardware.
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
