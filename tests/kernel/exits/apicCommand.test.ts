import t from 'tap';
import { isPlainInterrupt, NOTHING, toSend } from '../../../kernel/exits/apicCommand.js';
import { firstProcessor } from '../../../kernel/exits/apicReceivers.js';
import { allocatorStart } from '../../../kernel/memory/allocator.js';
import {
  kernelRunsEveryProcessor,
  noteReset,
  noteRun,
  noteStartup,
  startVectorOf,
  waitsForStartup,
} from '../../../kernel/vcpu/startup.js';
import { useTrampoline } from '../../../kernel/vcpu/trampoline.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, FIRMWARE, giveProcessors, HIDDEN, HIDDEN_BYTES, KERNEL, RESET } from '../support/guest.js';

const NMI = 0x4400;
const INIT = 0x4500;
const SIPI = 0x4600;
const LOGICAL = 0x800;
const SELF = 0x4_0000;
const ALL = 0x8_0000;
const OTHERS = 0xc_0000;
const NONE = 0;

/** Processors with the APIC IDs 0, `others`; where there are any, a trampoline at 0x9c000. The first one is 1 logically. */
function start(...others: readonly number[]): void {
  resetMemory();
  simulate(new AmdProcessor());
  const memory = addMemory(0n, Number(HIDDEN));
  addMemory(HIDDEN, Number(HIDDEN_BYTES));
  allocatorStart(HIDDEN, HIDDEN_BYTES);
  giveProcessors(memory, ...others);
  useTrampoline(others.length > 0 ? 0x9_c000n : 0n);
  firstProcessor.identity = 0;
  firstProcessor.logical = 1;
  firstProcessor.format = 0xffff_ffff;
}
t.beforeEach(() => {
  start(2, 4, 6);
});

const sent = (command: number, destination: number, isWide = false, sender = 0) =>
  toSend(sender, command, destination, isWide, KERNEL);

/** Whom a SIPI of processor `sender` may start at its vector. */
function started(command: number, destination: number, isWide = false, sender = 0): number[] {
  const numbers = [0, 1, 2, 3];
  for (const number of numbers) noteStartup(number, NONE, FIRMWARE);
  t.equal(sent(command | 0x98, destination, isWide, sender), command | 0x9c);
  return numbers.filter((number) => startVectorOf(number) === 0x98);
}

const run = () => {
  for (const number of [1, 2, 3]) noteRun(number);
};
const waiting = () => [1, 2, 3].filter(waitsForStartup);

t.test('interrupts and SMIs go out as they are, wherever to', (t) => {
  run();
  for (const delivery of [0, 0x100, 0x200, 0x300, 0x700]) {
    for (const shorthand of [0, SELF, ALL, OTHERS, LOGICAL]) {
      for (const destination of [0, 4, 0xff]) {
        const command = 0x4000 | delivery | shorthand | 0x30;
        t.equal(sent(command, destination), command);
      }
    }
  }
  t.same(waiting(), []);
  for (const delivery of [0, 0x100, 0x200, 0x300]) t.ok(isPlainInterrupt(0x4000 | ALL | delivery | 0x30));
  for (const delivery of [0x400, 0x500, 0x600]) t.notOk(isPlainInterrupt(delivery));
  t.end();
});

t.test('a SIPI goes to the trampoline, its vector to the processor that is named', (t) => {
  t.same(started(SIPI, 2), [1]);
  t.same(started(SIPI, 6, true), [3]);
  t.same(started(SIPI, 3), []);
  t.end();
});

t.test('a SIPI for many is noted for all that might wait', (t) => {
  t.same(started(SIPI, 0xff), [1, 2, 3], 'but for the first one, which always runs');
  t.same(started(SIPI, 0xffff_ffff, true), [1, 2, 3]);
  t.same(started(SIPI, 0xff, true), [], 'in x2APIC mode this is one processor');
  t.same(started(SIPI | ALL, 2), [1, 2, 3]);
  t.same(started(SIPI | OTHERS, 2, false, 0), [1, 2, 3]);
  t.same(started(SIPI | LOGICAL, 1), [1, 2, 3], 'only a processor knows its logical destinations');
  t.end();
});

t.test('it is noted, too, whether a kernel has sent it', (t) => {
  run();
  toSend(0, SIPI | OTHERS, 0, false, KERNEL);
  t.equal(kernelRunsEveryProcessor(), true);
  toSend(0, SIPI, 4, false, FIRMWARE);
  t.equal(kernelRunsEveryProcessor(), false);
  toSend(0, SIPI, 4, false, KERNEL);
  t.equal(kernelRunsEveryProcessor(), true);
  toSend(0, SIPI | OTHERS, 0, false, FIRMWARE);
  t.equal(kernelRunsEveryProcessor(), false);
  t.end();
});

t.test('where one processor only is named, a SIPI is not sent: another would start in the guest’s memory', (t) => {
  start();
  t.equal(sent(SIPI | 0x98, 1), NOTHING);
  t.equal(sent(SIPI | OTHERS | 0x98, 0), NOTHING);
  t.equal(sent(INIT, 1), INIT);
  t.end();
});

t.test('an INIT is noted for whom it reaches', (t) => {
  for (const [command, destination, sender, expected] of [
    [INIT, 4, 0, [2]],
    [INIT, 5, 0, []],
    [INIT | OTHERS, 0, 0, [1, 2, 3]],
    [INIT | SELF, 0, 2, [2]],
    [INIT | LOGICAL, 6, 0, [1, 2, 3]],
    [0x0500, 4, 0, [2]],
    [0xc500, 4, 0, [2]],
  ] as const) {
    run();
    t.equal(sent(command, destination, false, sender), command);
    t.same(waiting(), expected, `${command.toString(16)} to ${destination}`);
  }
  t.end();
});

t.test('an INIT that reaches the first processor resets the machine', (t) => {
  for (const [command, destination, isWide, sender] of [
    [INIT, 0, false, 0],
    [INIT, 0, true, 1],
    [INIT, 0xff, false, 1],
    [INIT, 0xffff_ffff, true, 1],
    [INIT | SELF, 4, false, 0],
    [INIT | ALL, 4, false, 1],
    [INIT | OTHERS, 4, false, 1],
    [INIT | LOGICAL, 3, false, 1],
    [0xc500, 0, false, 1],
    [0x0500, 0, false, 1],
  ] as const) {
    start(2, 4, 6);
    t.throws(() => sent(command, destination, isWide, sender), RESET, command.toString(16));
  }
  t.end();
});

t.test('an INIT with level trigger and level 0 resets nothing', (t) => {
  run();
  t.equal(sent(0x8500, 0), 0x8500);
  t.equal(sent(0x8500, 4), 0x8500);
  t.equal(sent(0x8500 | ALL, 0), 0x8500 | ALL);
  t.same(waiting(), []);
  t.end();
});

t.test('an NMI that may reach who waits for a SIPI is not sent', (t) => {
  run();
  t.equal(sent(NMI | OTHERS, 0), NMI | OTHERS, 'all run');
  noteReset(2);
  for (const [command, destination, isWide, isSent] of [
    [NMI, 4, false, false],
    [NMI, 2, false, true],
    [NMI, 0, false, true],
    [NMI, 9, false, true],
    [NMI | OTHERS, 0, false, false],
    [NMI | SELF, 0, false, true],
    [NMI, 0xff, false, false],
    [NMI, 0xff, true, true],
    [NMI | LOGICAL, 4, false, true],
    [NMI | LOGICAL, 0xff, false, false],
    [NMI | LOGICAL, 4, true, false],
  ] as const) {
    t.equal(
      sent(command, destination, isWide),
      isSent ? command : NOTHING,
      `${command.toString(16)} to ${destination}`,
    );
  }
  t.end();
});
