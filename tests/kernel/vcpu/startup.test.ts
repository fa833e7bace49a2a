import t from 'tap';
import { vcpuOf } from '../../../kernel/vcpu/processors.js';
import {
  everyProcessorRuns,
  kernelRunsEveryProcessor,
  noteReset,
  noteStartup,
  waitsForStartup,
} from '../../../kernel/vcpu/startup.js';
import { allocatorStart } from '../../../kernel/memory/allocator.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, giveProcessors, HIDDEN, HIDDEN_BYTES } from '../support/guest.js';

const SIPI = 0x4698;
/** Where kernels run, and firmware. */
const KERNEL = 0xffff_ffff_8100_0000n;
const FIRMWARE = 0x3e00_0000n;

t.beforeEach(() => {
  resetMemory();
  simulate(new AmdProcessor());
  const memory = addMemory(0n, Number(HIDDEN));
  addMemory(HIDDEN, Number(HIDDEN_BYTES));
  allocatorStart(HIDDEN, HIDDEN_BYTES);
  giveProcessors(memory, 2, 4, 6);
});

t.test('of a SIPI the vector is noted, and whether a kernel has sent it', (t) => {
  const { mailbox } = vcpuOf(1);
  noteStartup(1, SIPI, KERNEL);
  t.same([mailbox.startVector, mailbox.isKernels], [0x98, 1]);
  noteStartup(1, SIPI, FIRMWARE);
  t.equal(mailbox.isKernels, 0);
  t.end();
});

t.test('after an INIT a processor waits; the first one never does', (t) => {
  vcpuOf(2).mailbox.runsGuest = 1;
  t.same([0, 1, 2].map(waitsForStartup), [false, true, false]);
  noteReset(2);
  t.ok(waitsForStartup(2));
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
