/**
 * INIT and SIPI on AMD-V, where a SIPI is no exit: what the guest sends by its ICR is not sent on, but asked of the receiver
 * here. So no processor ever waits for a SIPI in hardware, where an NMI or a SIPI that came unseen would take it out of the
 * hypervisor's hands. The receiver exits by an NMI, and waits in the parking guest (kernel/svm/reset/parkingGuest.ts).
 */
import { arr, at, instance, requires, struct, U32, u32 } from '../../transpiler/lib/index.js';
import { sendNmi } from '../machine/localApic.js';
import { lastProcessor, MAX_PROCESSORS } from '../machine/madt.js';
import { vcpuOf } from './processors.js';
import { releaseLock, SpinLock, takeLock } from '../x86/spinLock.js';

/** What a processor does: it runs its guest, since a kernel has started it or since firmware has; or it waits for a SIPI. */
const RUNS = 0x8000_0000;
const RUNS_KERNEL = 0xc000_0000;
/** It waits, and none has come; else the value is the SIPI's vector, with KERNELS where a kernel has sent it. */
const WAITS = 0x100;
const VECTOR = 0xff;
const KERNELS = 0x200;
/** Returned instead of a vector. */
export const NO_VECTOR = 0x100;

/** A word for each processor, by its number: what is asked of all others takes few instructions for each. */
const Processors = struct('StartupProcessors', { size: 1024, volatile: true }, { of: at(0, arr(U32, MAX_PROCESSORS)) });
const processors = instance(Processors, { align: 4 });

const Requests = struct('StartupRequests', { size: 4 }, { lock: at(0, SpinLock) });
/** Guards them, and whether the ICR is intercepted (kernel/svm/reset/apicInterception.ts). */
const requests = instance(Requests);

/** Waits for whoever asks something of a processor, or answers. Nothing is printed while the lock is held. */
export function lockStartup(): void {
  takeLock(requests.lock);
}

export function unlockStartup(): void {
  releaseLock(requests.lock);
}

/** Notes that processor `number` runs its guest as it was handed over, or waits for a SIPI. */
export function noteRunning(number: u32): void {
  requires(number < MAX_PROCESSORS);
  processors.of.set(number, RUNS);
}

export function noteWaiting(number: u32): void {
  requires(number < MAX_PROCESSORS);
  processors.of.set(number, WAITS);
}

/** Whether processor `number` runs its guest, rather than to wait for a SIPI. */
export function isRunning(number: u32): boolean {
  requires(number < MAX_PROCESSORS);
  return processors.of.get(number) >= RUNS;
}

/** An INIT for processor `number`: it stops running its guest. A SIPI that came before counts no longer. */
export function requestReset(number: u32): void {
  requires(number < MAX_PROCESSORS);
  const present = processors.of.get(number);
  processors.of.set(number, WAITS);
  if (present >= RUNS) callProcessor(number);
}

/** An INIT for all but the BSP, which is the one that sends it. */
export function requestResets(): void {
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) {
    const present = processors.of.get(number);
    processors.of.set(number, WAITS);
    if (present >= RUNS) callProcessor(number);
  }
}

/** A SIPI for all. To its sender, which runs, it is nothing, as it is to the BSP. */
export function requestStarts(vector: u32, isKernels: boolean): void {
  requires(vector <= VECTOR);
  const last = lastProcessor();
  const value = isKernels ? vector + KERNELS : vector;
  for (let number: u32 = 1; number <= last; number++) {
    if (processors.of.get(number) !== WAITS) continue;
    processors.of.set(number, value);
    callProcessor(number);
  }
}

/** A SIPI for processor `number`. One that runs, or has got a SIPI since its INIT, ignores it. */
export function requestStart(number: u32, vector: u32, isKernels: boolean): void {
  requires(number < MAX_PROCESSORS && vector <= VECTOR);
  if (processors.of.get(number) !== WAITS) return;
  processors.of.set(number, isKernels ? vector + KERNELS : vector);
  callProcessor(number);
}

/** Processor `number` is to flush its TLB before its guest goes on. One that waits for a SIPI does so when it starts. */
export function requestFlush(number: u32): void {
  requires(number < MAX_PROCESSORS);
  if (!isRunning(number)) return;
  vcpuOf(number).svm.call.flushesTlb = 1;
  callProcessor(number);
}

/** The vector of the SIPI that starts processor `number`, which runs from now on; NO_VECTOR where none has come. */
export function takeVector(number: u32): u32 {
  requires(number < MAX_PROCESSORS);
  const present = processors.of.get(number);
  if (present === WAITS || present >= RUNS) return NO_VECTOR;
  processors.of.set(number, u32(present & KERNELS) !== 0 ? RUNS_KERNEL : RUNS);
  return present & VECTOR;
}

/**
 * Has processor `number` exit by an NMI. While one is on its way, no second one is sent: the processor looks for requests
 * after it has taken the NMI. So one NMI is taken for each that was sent, and none is left over for the guest.
 */
function callProcessor(number: u32): void {
  requires(number < MAX_PROCESSORS);
  const vcpu = vcpuOf(number);
  if (vcpu.svm.call.isPending !== 0) return;
  vcpu.svm.call.isPending = 1;
  sendNmi(vcpu.apicId);
}

/** Whether a kernel has started every processor. UEFI firmware may start them before it hands over; the kernel starts them anew. */
export function kernelRunsEveryProcessor(): boolean {
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) {
    if (processors.of.get(number) !== RUNS_KERNEL) return false;
  }
  return true;
}
