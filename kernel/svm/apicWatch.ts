/**
 * Watches the local APIC where an INIT would carry a processor out of the guest: on AMD-V the guest's writes to the APIC's
 * page, and to the addresses at which messages become interrupts, leave the guest; it reads the real page. Where processors
 * hold an INIT back when it leaves their guest, that is needed only while one of them waits for the SIPI that follows.
 */
import type { u64 } from '../../transpiler/lib/index.js';
import { at, BOOL, gpa, instance, struct, type Gpa } from '../../transpiler/lib/index.js';
import {
  isApicWatched,
  MESSAGES,
  MESSAGES_BYTES,
  unwatchApic,
  watchApic,
  watchApicAgain,
  watchedPage,
} from '../exits/apic.js';
import { ApicChoice, options } from '../machine/options.js';
import { isVirtualMachine } from '../machine/virtualMachine.js';
import { PAGE_BYTES } from '../memory/allocator.js';
import { addPageRights, setPageRights, takePageRights } from '../memory/nestedPaging.js';
import { beginLine, endLine, print, releaseConsole, takeConsole } from '../report/console.js';
import { releaseLock, SpinLock, takeLock } from '../vcpu/spinLock.js';
import { kernelRunsEveryProcessor } from '../vcpu/startup.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { callOthers } from './calls.js';
import { NESTED_READ_ONLY_UNCACHED, NESTED_WRITABLE, svmEntryFormat } from './entryFormat.js';
import { permitCommands, watchCommands } from './permissionMaps.js';

const Watch = struct(
  'SvmApicWatch',
  { size: 8 },
  {
    /** Whether the watch ends when a kernel has started all processors. */
    mayEnd: at(0, BOOL),
    /** Whether no processor can write past the watch, by an address translation that it still knows. */
    isTight: at(1, BOOL),
    lock: at(4, SpinLock),
  },
);
const watch = instance(Watch);

/**
 * Whether an INIT, once it has left the guest, can be held back until the local APICs are watched. Processors do (APM 2,
 * 15.17); what a hypervisor below makes of it is not known, and QEMU does not.
 */
export function resumesWatch(): boolean {
  return options.apic === ApicChoice.auto && !isVirtualMachine();
}

/** Has the guest's commands to local APICs looked at from now on. */
export function svmWatchApic(): void {
  protect(watchApic());
  for (let offset: u64 = 0n; offset < MESSAGES_BYTES; offset += PAGE_BYTES) protect(gpa(MESSAGES + offset));
  watch.isTight = true;
  watch.mayEnd = resumesWatch() || options.apic === ApicChoice.release;
  if (options.apic === ApicChoice.release) warn();
}

/** Whether the guest's writes may be no longer looked at: quick to say where they always are. */
export function mayEndWatch(): boolean {
  return watch.mayEnd;
}

/** Whether the guest's writes are still looked at. Where that may end, it does so here, once all processors run. */
export function svmIsApicWatched(): boolean {
  if (watch.mayEnd && isApicWatched() && kernelRunsEveryProcessor()) endWatch();
  return isApicWatched();
}

/** Processors that still know the page as read-only leave the guest once more. No system writes to the other addresses. */
function endWatch(): void {
  takeLock(watch.lock);
  // Who was reset meanwhile has noted that before it takes the lock.
  const ends = kernelRunsEveryProcessor();
  if (ends) {
    watch.isTight = false;
    unwatchApic(!resumesWatch());
    addPageRights(watchedPage(), NESTED_WRITABLE);
    permitCommands();
  }
  releaseLock(watch.lock);
  if (ends && options.apic === ApicChoice.release) tellEnd();
}

function tellEnd(): void {
  takeConsole();
  beginLine();
  print('all processors run: their local APICs are no longer watched');
  endLine();
  releaseConsole();
}

/**
 * Sees to it that the SIPI by which the guest may start the processor of `vcpu` is looked at: an INIT has left its guest, and
 * it runs none any more. False where it may not take that INIT, since another could send the SIPI unseen.
 */
export function watchStartupOf(vcpu: Vcpu): boolean {
  takeLock(watch.lock);
  if (!watch.isTight && resumesWatch()) resumeWatch(vcpu);
  const isTight = watch.isTight;
  releaseLock(watch.lock);
  return isTight;
}

/** Until all have forgotten that the page was writable, a write to it is neither done nor looked at. */
function resumeWatch(vcpu: Vcpu): void {
  takePageRights(watchedPage(), NESTED_WRITABLE);
  watchCommands();
  watch.isTight = callOthers(vcpu);
  watchApicAgain();
}

function protect(page: Gpa): void {
  setPageRights(page, NESTED_READ_ONLY_UNCACHED, svmEntryFormat());
}

function warn(): void {
  beginLine();
  print('warning: apic=release: once all processors run, an INIT that the guest sends stops one, or frees it on QEMU');
  endLine();
}
