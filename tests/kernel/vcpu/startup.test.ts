import t from 'tap';
import {
  everyProcessorRuns,
  kernelRunsEveryProcessor,
  noteReset,
  noteResets,
  noteRun,
  noteStartup,
  noteStartups,
  startVectorOf,
  waitsForStartup,
} from '../../../kernel/vcpu/startup.js';
import { allocatorStart } from '../../../kernel/memory/allocator.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, FIRMWARE, giveProcessors, HIDDEN, HIDDEN_BYTES, KERNEL } from '../support/guest.js';

const SIPI = 0x4698;

t.beforeEach(() => {
  resetMemory();
  simulate(new AmdProcessor());
  const memory = addMemory(0n, Number(HIDDEN));
  addMemory(HIDDEN, Number(HIDDEN_BYTES));
  allocatorStart(HIDDEN, HIDDEN_BYTES);
  giveProcessors(memory, 2, 4, 6);
});

t.test('of a SIPI the vector is noted, and whether a kernel has sent it', (t) => {
  for (const number of [1, 2, 3]) noteRun(number);
  noteStartups(SIPI, KERNEL);
  t.same([1, 2, 3].map(startVectorOf), [0x98, 0x98, 0x98]);
  t.equal(kernelRunsEveryProcessor(), true);
  noteStartup(1, SIPI + 1, FIRMWARE);
  t.same([1, 2, 3].map(startVectorOf), [0x99, 0x98, 0x98]);
  t.equal(kernelRunsEveryProcessor(), false);
  t.end();
});

t.test('after an INIT a processor waits; the first one never does', (t) => {
  noteRun(2);
  t.same([0, 1, 2].map(waitsForStartup), [false, true, false]);
  noteReset(2);
  t.ok(waitsForStartup(2));
  for (const number of [1, 2, 3]) noteRun(number);
  noteResets();
  t.same([0, 1, 2, 3].map(waitsForStartup), [false, true, true, true]);
  t.end();
});

t.test('all processors run when the guest has started each but the first', (t) => {
  t.equal(everyProcessorRuns(), false);
  for (const number of [1, 2]) noteRun(number);
  t.equal(everyProcessorRuns(), false);
  noteRun(3);
  t.equal(everyProcessorRuns(), true);
  t.equal(kernelRunsEveryProcessor(), false, 'firmware may have');
  for (const number of [1, 2, 3]) noteStartup(number, SIPI, KERNEL);
  t.equal(kernelRunsEveryProcessor(), true);
  t.end();
});
