import t from 'tap';
import { options, TestTimer } from '../../../kernel/machine/options.js';
import { clockFrequency, countsOf, readClock, startClock } from '../../../kernel/time/clock.js';
import { testTask } from '../../../kernel/time/testTask.js';
import { NEVER, nextDeadline } from '../../../kernel/time/timerQueue.js';
import { runDueTimers, startTasks } from '../../../kernel/vmx/exits/timers.js';
import { powerOnTimed, type TimedMachine } from '../support/clocks.js';

const MILLISECOND = 1_000_000n;

/** A machine with the test task of this period, just started. */
function startTask(period: TestTimer): TimedMachine {
  const machine = powerOnTimed();
  startClock();
  options.testTimer = period;
  startTasks();
  return machine;
}

function runAfter(machine: TimedMachine, nanoseconds: bigint): void {
  machine.now += nanoseconds;
  runDueTimers();
}

t.test('without the option nothing waits', (t) => {
  startTask(TestTimer.off);
  t.equal(nextDeadline(), NEVER);
  t.end();
});

t.test('the task waits for one period first', (t) => {
  const machine = startTask(TestTimer.every10Ms);
  t.ok(nextDeadline() - readClock() <= countsOf(10_000));
  runAfter(machine, 9n * MILLISECOND);
  t.equal(testTask.runs, 0n);
  runAfter(machine, 2n * MILLISECOND);
  t.equal(testTask.runs, 1n);
  t.end();
});

t.test('it runs once a period, and one late run makes no other late', (t) => {
  const machine = startTask(TestTimer.every1Ms);
  const first = nextDeadline();
  for (const wait of [1_200_000n, 900_000n, 950_000n]) runAfter(machine, wait);
  t.equal(testTask.runs, 3n);
  t.equal(nextDeadline(), first + 3n * countsOf(1_000));
  t.equal(testTask.missed, 0n);
  t.end();
});

t.test('the greatest lateness is kept', (t) => {
  const machine = startTask(TestTimer.every1Ms);
  for (const wait of [1_100_000n, 1_200_000n, 750_000n]) runAfter(machine, wait);
  const microsecond = clockFrequency() / 1_000_000n;
  t.ok(testTask.greatestLateness > 295n * microsecond && testTask.greatestLateness < 305n * microsecond);
  t.end();
});

t.test('runs for which it comes too late are counted, not made up for', (t) => {
  const machine = startTask(TestTimer.every1Ms);
  runAfter(machine, 5_500_000n);
  t.equal(testTask.runs, 1n);
  t.equal(testTask.missed, 4n);
  t.ok(nextDeadline() > readClock());
  t.end();
});
