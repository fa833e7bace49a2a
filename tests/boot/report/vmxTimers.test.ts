import { join } from 'node:path';
import t from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { temporaryFolder } from '../../support/machines/harness.js';

const TASK = /^test task: (\d+) runs, one each (\d+) us, late by (\d+) ns at most, (\d+) left out$/m;

/** The periods that the option accepts, in microseconds. Linux takes about a minute of Bochs's time to boot. */
const PERIODS = { '1ms': 1000, '10ms': 10_000, '1s': 1_000_000 };

/**
 * The delay that Bochs causes: it executes a repeated string instruction a page at a time and checks its timers only between
 * pages. That is 4,096 ticks of 40 ns, twice if the next string instruction follows at once.
 */
const LATE_BY_BOCHS = 2 * 4096 * 40;

for (const [name, microseconds] of Object.entries(PERIODS)) {
  t.test(`a task each ${name} runs on time while Linux boots, and the clock is the TSC`, async (t) => {
    const { serial, ended } = await bootInBochs({
      options: `test-timer=${name}`,
      append: 'console=ttyS0 quiet tsvm.run=poweroff',
    });
    const [runs = 0, period = 0, latest = 0, missed = 0] = (TASK.exec(serial) ?? []).slice(1).map(Number);
    t.equal(ended, 'off');
    t.match(serial, /^time from the time-stamp counter/m);
    t.ok(runs * microseconds > 10_000_000, `${runs} runs`);
    t.ok(Math.abs(period - microseconds) <= 1, `${period} us`);
    t.ok(latest < (microseconds * 1000) / 100 + LATE_BY_BOCHS, `${latest} ns late at most`);
    t.equal(missed, 0);
    const exits = Number(/^ +(\d+) {2}preemptionTimer/m.exec(serial)?.[1]);
    t.ok(exits > 0 && exits <= runs, `${exits} exits: none in vain, none where another exit was just in time`);
  });
}

/** The task is late by the time of the exit, and of another exit just before it: in Bochs, 40 ns for an instruction. */
for (const name of ['1ms', '10ms']) {
  t.test(`a task each ${name} is late by less than 1 % if the guest uses no string instructions`, async (t) => {
    const kernel = join(await temporaryFolder(t), 'timers');
    await assembleBareProgram(root, 'timers', kernel);
    const machine = { kernel, initrd: null, append: '', options: `test-timer=${name}`, seconds: 120 };
    const { serial, ended } = await bootInBochs(machine);
    const values = [...serial.matchAll(/^timers: (\w+) = (0x[0-9a-f]+)$/gm)];
    const found = new Map(values.map(([, key, value]) => [key, Number(value)]));
    const {
      exits = 0,
      runs = 0,
      latest = NaN,
      period = 0,
      missed = NaN,
    } = Object.fromEntries(found) as Partial<Record<string, number>>;
    t.equal(ended, 'off');
    t.ok(runs >= 100, `${runs} runs`);
    t.ok(exits > 0 && exits <= runs, `${exits} exits, ${runs} runs`);
    t.equal(missed, 0);
    t.ok(latest * 100 < period, `${latest} of ${period} ns`);
  });
}

/** Runs of the task in a tenth of a second. */
const LOOKS = 10;

t.test('a task each 10 ms looks for processors that Bochs must reset, and nothing else uses the timer', async (t) => {
  const kernel = join(await temporaryFolder(t), 'processors');
  await assembleBareProgram(root, 'processors', kernel);
  const { serial } = await bootInBochs({ cpus: 2, kernel, initrd: null, append: '2st', seconds: 120 });
  const before = Number(/^processors: exits of the timer = (0x[0-9a-f]+)$/m.exec(serial)?.[1]);
  const later = Number(/^processors: later = (0x[0-9a-f]+)$/m.exec(serial)?.[1]);
  t.ok(Math.abs(later - before - LOOKS) <= 1, `${before} exits, later ${later}`);
});
