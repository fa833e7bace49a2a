/**
 * INIT and SIPI on AMD-V, where a SIPI causes no VM exit. An INIT or SIPI that the guest sends by its ICR is not sent:
 * it is recorded here as a request to the receiver. So no processor ever waits for a SIPI in hardware, where an NMI or
 * a SIPI that was not intercepted would take it out of the hypervisor's control. An NMI makes the receiver exit; then
 * it waits in the parking guest (kernel/svm/reset/parkingGuest.ts).
 */
import { arr, at, instance, requires, struct, U32, u32 } from '../../transpiler/lib/index.js';
import { sendNmi } from '../machine/localApic.js';
import { lastProcessor, MAX_PROCESSORS } from '../machine/madt.js';
import { vcpuOf } from './processors.js';
import { releaseLock, SpinLock, takeLock } from '../x86/spinLock.js';

/** State of a processor that runs its guest; in RUNS_KERNEL a kernel has started it, rather than firmware. */
const RUNS = 0x8000_0000;
const RUNS_KERNEL = 0xc000_0000;
/**
 * State of a processor that waits for a SIPI, while none has come. Afterwards the state is the SIPI's vector, plus
 * KERNELS if a kernel has sent it.
 */
const WAITS = 0x100;
const VECTOR = 0xff;
const KERNELS = 0x200;
/** Returned by takeVector() if no SIPI has come. */
export const NO_VECTOR = 0x100;

/**
 * The state of each processor, by its number, in one word, so that a request to all others takes few instructions for
 * each.
 */
const Processors = struct('StartupProcessors', { size: 1024, volatile: true }, { of: at(0, arr(U32, MAX_PROCESSORS)) });
const processors = instance(Processors, { align: 4 });

const Requests = struct('StartupRequests', { size: 4 }, { lock: at(0, SpinLock) });
/** The lock guards the requests, and whether the ICR is intercepted (kernel/svm/reset/apicInterception.ts). */
const requests = instance(Requests);

/** Takes the lock of the requests. Nothing may be printed while it is held. */
export function lockStartup(): void {
  takeLock(requests.lock);
}

export function unlockStartup(): void {
  releaseLock(requests.lock);
}

/** Records that processor `number` runs its guest, as firmware handed it over. */
export function noteRunning(number: u32): void {
  requires(number < MAX_PROCESSORS);
  processors.of.set(number, RUNS);
}

/** Records that processor `number` waits for a SIPI. */
export function noteWaiting(number: u32): void {
  requires(number < MAX_PROCESSORS);
  processors.of.set(number, WAITS);
}

/** Whether processor `number` runs its guest. If not, it waits for a SIPI. */
export function isRunning(number: u32): boolean {
  requires(number < MAX_PROCESSORS);
  return processors.of.get(number) >= RUNS;
}

/** Requests an INIT of processor `number`: it stops running its guest, and a SIPI that came before is forgotten. */
export function requestReset(number: u32): void {
  requires(number < MAX_PROCESSORS);
  const present = processors.of.get(number);
  processors.of.set(number, WAITS);
  if (present >= RUNS) callProcessor(number);
}

/** Requests an INIT of all processors but the BSP, which sends it. */
export function requestResets(): void {
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) {
    const present = processors.of.get(number);
    processors.of.set(number, WAITS);
    if (present >= RUNS) callProcessor(number);
  }
}

/** Requests a SIPI for all processors but the BSP. The sender runs, so it ignores the SIPI. */
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

/**
 * Requests a SIPI for processor `number`. The processor ignores it if it runs, or has received a SIPI since its INIT.
 */
export function requestStart(number: u32, vector: u32, isKernels: boolean): void {
  requires(number < MAX_PROCESSORS && vector <= VECTOR);
  if (processors.of.get(number) !== WAITS) return;
  processors.of.set(number, isKernels ? vector + KERNELS : vector);
  callProcessor(number);
}

/**
 * Requests that processor `number` flush its TLB before its guest continues. One that waits for a SIPI flushes when it
 * starts.
 */
export function requestFlush(number: u32): void {
  requires(number < MAX_PROCESSORS);
  if (!isRunning(number)) return;
  vcpuOf(number).svm.call.flushesTlb = 1;
  callProcessor(number);
}

/**
 * The vector of the SIPI that starts processor `number`, which counts as running from now on; NO_VECTOR if none has
 * come.
 */
export function takeVector(number: u32): u32 {
  requires(number < MAX_PROCESSORS);
  const present = processors.of.get(number);
  if (present === WAITS || present >= RUNS) return NO_VECTOR;
  processors.of.set(number, u32(present & KERNELS) !== 0 ? RUNS_KERNEL : RUNS);
  return present & VECTOR;
}

/**
 * Makes processor `number` exit by an NMI. No second NMI is sent while the first is on its way, because the processor
 * looks for requests after it has taken one. So each NMI that is sent is taken, and none is left over for the guest.
 */
function callProcessor(number: u32): void {
  requires(number < MAX_PROCESSORS);
  const vcpu = vcpuOf(number);
  if (vcpu.svm.call.isPending !== 0) return;
  vcpu.svm.call.isPending = 1;
  sendNmi(vcpu.apicId);
}

/** Whether a kernel has started every AP. UEFI firmware may have started them before; the kernel starts them again. */
export function kernelRunsEveryProcessor(): boolean {
  const last = lastProcessor();
  for (let number: u32 = 1; number <= last; number++) {
    if (processors.of.get(number) !== RUNS_KERNEL) return false;
  }
  return true;
}
