import t from 'tap';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import {
  everyProcessorRuns,
  kernelRunsEveryProcessor,
  mayReachWaiting,
  noteReset,
  redirectStartup,
} from '../../../kernel/vcpu/startup.js';
import { useTrampoline } from '../../../kernel/vcpu/trampoline.js';
import { allocatorStart } from '../../../kernel/memory/allocator.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, giveProcessors, HIDDEN, HIDDEN_BYTES } from '../support/guest.js';

const NMI = 0x4400;
const INIT = 0x4500;
const SIPI = 0x4600;
const SELF = 0x4_0000;
const ALL = 0x8_0000;
const OTHERS = 0xc_0000;
const LOGICAL = 0x800;
const NONE = 0;
/** Where kernels run, and firmware. */
const KERNEL = 0xffff_ffff_8100_0000n;
const FIRMWARE = 0x3e00_0000n;

/** Processors with the APIC IDs 0, 2, 4 and 6, and a trampoline at 0x9c000. */
t.beforeEach(() => {
  resetMemory();
  simulate(new AmdProcessor());
  const memory = addMemory(0n, Number(HIDDEN));
  addMemory(HIDDEN, Number(HIDDEN_BYTES));
  allocatorStart(HIDDEN, HIDDEN_BYTES);
  giveProcessors(memory, 2, 4, 6);
  useTrampoline(0x9_c000n);
});

/** Whom a command of processor `sender` may start at its vector. */
function noted(command: number, destination: number, isWide = false, sender = 0): number[] {
  const numbers = [0, 1, 2, 3];
  for (const number of numbers) vcpuOf(number).mailbox.startVector = NONE;
  t.equal(redirectStartup(vcpuOf(sender), KERNEL, command | 0x98, destination, isWide), command | 0x9c);
  return numbers.filter((number) => vcpuOf(number).mailbox.startVector === 0x98);
}

t.test('a SIPI goes to the trampoline, its vector to the processor that is named', (t) => {
  t.same(noted(SIPI, 2), [1]);
  t.same(noted(SIPI, 6, true), [3]);
  t.same(noted(SIPI, 3), []);
  t.end();
});

t.test('a SIPI for all, for all others or for oneself is noted for these', (t) => {
  t.same(noted(SIPI, 0xff), [0, 1, 2, 3]);
  t.same(noted(SIPI, 0xffff_ffff, true), [0, 1, 2, 3]);
  t.same(noted(SIPI, 0xff, true), [], 'in x2APIC mode this is one processor');
  t.same(noted(SIPI | ALL, 2), [0, 1, 2, 3]);
  t.same(noted(SIPI | OTHERS, 2, false, 1), [0, 2, 3]);
  t.same(noted(SIPI | SELF, 2, false, 3), [3]);
  t.end();
});

t.test('a SIPI to a logical destination is noted for all: only a processor knows its own', (t) => {
  t.same(noted(SIPI | LOGICAL, 1), [0, 1, 2, 3]);
  t.end();
});

t.test('an INIT is noted for whom it reaches, and an NMI reaches nobody who then waits for a SIPI', (t) => {
  const start = () => [1, 2, 3].forEach((number) => (vcpuOf(number).mailbox.runsGuest = 1));
  const waiting = () => [1, 2, 3].filter((number) => vcpuOf(number).mailbox.runsGuest === 0);
  const reaches = (command: number, destination: number, isWide = false) =>
    mayReachWaiting(vcpuOf(0), command, destination, isWide);
  start();
  t.notOk(reaches(NMI | OTHERS, 0), 'all run');
  noteReset(vcpuOf(0), INIT, 4, false);
  t.same(waiting(), [2]);
  t.ok(reaches(NMI, 4));
  t.notOk(reaches(NMI, 2));
  t.ok(reaches(NMI | OTHERS, 0));
  t.ok(reaches(NMI, 0xff));
  t.notOk(reaches(NMI | LOGICAL, 4), 'who waits has no logical destination');
  t.ok(reaches(NMI | LOGICAL, 0xff));
  t.ok(reaches(NMI | LOGICAL, 4, true), 'but in x2APIC mode');
  start();
  noteReset(vcpuOf(1), INIT | OTHERS, 0, false);
  t.same(waiting(), [2, 3]);
  t.end();
});

t.test('it is noted, too, whether a kernel has sent it', (t) => {
  const { mailbox } = vcpuOf(1);
  redirectStartup(vcpuOf(0), KERNEL, SIPI, 2, false);
  t.equal(mailbox.isKernels, 1);
  redirectStartup(vcpuOf(0), FIRMWARE, SIPI, 2, false);
  t.equal(mailbox.isKernels, 0);
  t.end();
});

t.test('all processors run when the guest has started each but the first', (t) => {
  t.equal(everyProcessorRuns(), false);
  for (const number of [1, 2]) vcpuOf(number).mailbox.runsGuest = 1;
  t.equal(everyProcessorRuns(), false);
  vcpuOf(3).mailbox.runsGuest = 1;
  t.equal(everyProcessorRuns(), true);
  t.equal(kernelRunsEveryProcessor(), false, 'firmware may have');
  for (const number of [1, 2, 3]) vcpuOf(number).mailbox.isKernels = 1;
  t.equal(kernelRunsEveryProcessor(), true);
  t.end();
});
