/**
 * Decides when the guest's writes to its local APICs are intercepted on AMD-V, so that its INITs and SIPIs become
 * requests to their receivers (kernel/vcpu/sipi.ts) instead of being sent. Intercepted are writes to the APIC's page,
 * to the addresses at which messages become interrupts, and to the ICR in x2APIC mode; reads access the real page. If
 * the processors redirect INITs (initRedirection.ts), interception may end once a kernel has started all processors: an
 * INIT sent after that still parks its receiver, and interception is switched on again.
 */
import { at, BOOL, gpa, instance, struct, type u32 } from '../../../transpiler/lib/index.js';
import {
  isApicIntercepted,
  MESSAGES,
  MESSAGES_BYTES,
  endApicInterception,
  beginApicInterception,
  resumeApicInterception,
  interceptedPage,
} from '../../devices/localApic/mediator.js';
import { Owner } from '../../access/owner.js';
import { ownerOfAddress, ownRegion } from '../../access/regions.js';
import { lastProcessor } from '../../machine/madt.js';
import { ApicChoice, options } from '../../machine/options.js';
import { EXECUTE, READ, UNCACHED, WRITE } from '../../paging/entryFormat.js';
import { announceRanges, changeRightsOfRange } from '../../space/pageRights.js';
import { PAGE_BYTES } from '../../x86/pages.js';
import { beginLine, endLine, print } from '../../report/console.js';
import { releaseConsole, takeConsole } from '../../report/consoleLock.js';
import { kernelRunsEveryProcessor, lockStartup, requestFlush, unlockStartup } from '../../vcpu/sipi.js';
import type { Vcpu } from '../../vcpu/vcpu.js';
import { chooseRedirection, redirectsInit } from './initRedirection.js';
import { permitIcrWrites, interceptIcrWrites } from '../control/permissionMaps.js';

/** The guest's rights to registers whose writes are intercepted. */
const INTERCEPTED: u32 = READ | EXECUTE | UNCACHED;

const Interception = struct('ApicInterception', { size: 2 }, { mayEnd: at(0, BOOL), resumes: at(1, BOOL) });
/** `mayEnd`: interception ends when a kernel runs all processors. `resumes`: an INIT switches it on again. */
const interception = instance(Interception);

/**
 * Announces the ranges of svmInterceptApic(): the addresses of messages, and the APIC's page, which may be elsewhere.
 */
export function svmAnnounceApic(): void {
  announceRanges(2);
}

/** Intercepts the guest's writes to the ICR of its local APICs from now on. */
export function svmInterceptApic(): void {
  chooseRedirection();
  ownRegion(gpa(MESSAGES), MESSAGES_BYTES, INTERCEPTED, Owner.localApic);
  const page = beginApicInterception();
  if (ownerOfAddress(page) === Owner.guest) ownRegion(page, PAGE_BYTES, INTERCEPTED, Owner.localApic);
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
  if (interception.mayEnd && isApicIntercepted() && kernelRunsEveryProcessor()) endInterception();
  return isApicIntercepted();
}

/**
 * Ends the interception. Processors whose TLB still has the page as read-only cause one more exit. No system writes to
 * the other addresses.
 */
function endInterception(): void {
  lockStartup();
  // An INIT in the meantime was recorded under the lock.
  const ends = isApicIntercepted() && kernelRunsEveryProcessor();
  if (ends) {
    endApicInterception(!interception.resumes);
    changeRightsOfRange(interceptedPage(), PAGE_BYTES, INTERCEPTED | WRITE);
    permitIcrWrites();
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
  if (isApicIntercepted() || !interception.resumes) return;
  changeRightsOfRange(interceptedPage(), PAGE_BYTES, INTERCEPTED);
  interceptIcrWrites();
  resumeApicInterception();
  const last = lastProcessor();
  for (let number: u32 = 0; number <= last; number++) {
    if (number !== vcpu.number) requestFlush(number);
  }
}

function warn(): void {
  beginLine();
  print('warning: apic=release: once all processors run, an INIT that the guest sends stops one, or frees it on QEMU');
  endLine();
}
