/**
 * Calls of one processor to all others: by an NMI each leaves its guest, forgets what it knows of the second-level page
 * tables, and goes on. Only where resumesWatch() says so do NMIs leave the guest.
 */
import { pause, physical, requires, u64, type u32 } from '../../transpiler/lib/index.js';
import { hasIdentity, sendNmi } from '../machine/localApic.js';
import { MAX_PROCESSORS, processorCount } from '../machine/madt.js';
import { countsOf, readClock } from '../time/clock.js';
import { vcpuOf } from '../vcpu/processors.js';
import type { Vcpu } from '../vcpu/vcpu.js';
import { TlbControl, Vmcb } from './vmcb.js';

/** A guest's handler of NMIs, which holds a call back, takes less, and so does a line that a processor prints. */
const ANSWER_MICROSECONDS = 100_000;

/** Calls all processors but that of `caller`, and those that an INIT has reset. Whether all have answered. */
export function callOthers(caller: Vcpu): boolean {
  const count = processorCount();
  const isRenumbered = !hasIdentity(caller.apicId);
  for (let number: u32 = 0; number < count; number++) {
    if (number !== caller.number) call(vcpuOf(number));
  }
  const end = u64(readClock() + countsOf(ANSWER_MICROSECONDS));
  for (let number: u32 = 0; number < count; number++) {
    if (number !== caller.number && !answers(number, end)) return false;
  }
  return !isRenumbered;
}

function call(vcpu: Vcpu): void {
  if (vcpu.call.isReset !== 0) return;
  vcpu.call.isWaiting = 1;
  sendNmi(vcpu.apicId);
}

function answers(number: u32, end: u64): boolean {
  requires(number < MAX_PROCESSORS);
  const called = vcpuOf(number).call;
  while (called.isWaiting !== 0 && called.isReset === 0) {
    if (readClock() >= end) return false;
    pause();
  }
  return true;
}

/** Whether the processor of `vcpu` is called. */
export function isCalled(vcpu: Vcpu): boolean {
  return vcpu.call.isWaiting !== 0;
}

/**
 * The processor of `vcpu`, out of its guest, answers a call. One that has another number by now, so that it could not be told
 * whether a command reaches it, never does.
 */
export function answerCall(vcpu: Vcpu): void {
  physical(Vmcb, vcpu.vmcb).tlbControl = TlbControl.flushAll;
  if (hasIdentity(vcpu.apicId)) vcpu.call.isWaiting = 0;
}
