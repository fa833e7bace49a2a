import t from 'tap';
import { bootInBochs } from './bochs.js';

const TASK = /^test task: (\d+) runs, one each (\d+) us, late by (\d+) ns at most, (\d+) left out$/m;

t.test('a task each millisecond runs on time while Linux boots, and the clock is the TSC', async (t) => {
  const { serial, ended } = await bootInBochs({
    options: 'test-timer=1ms',
    append: 'console=ttyS0 quiet tsvm.run=poweroff',
  });
  const [runs = 0, period = 0, latest = 0, missed = 0] = (TASK.exec(serial) ?? []).slice(1).map(Number);
  t.equal(ended, 'off');
  t.match(serial, /^time from the time-stamp counter/m);
  t.ok(runs > 1000, `${runs} runs`);
  t.ok(Math.abs(period - 1000) <= 1, `${period} us`);
  t.ok(latest * 100 < period * 1000, `${latest} ns late at most`);
  t.equal(missed, 0);
  t.match(serial, new RegExp(`^ +${runs}  preemptionTimer`, 'm'));
});
