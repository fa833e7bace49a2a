/**
 * A test task that counts how often it ran and how late. It shows that timers work whatever the guest does. The option
 * `test-timer=` starts it; hypercall 5 reads its results.
 */
import { at, instance, struct, subSat64, U64, u64 } from '../../transpiler/lib/index.js';
import { readClock } from './clock.js';
import { addTimer, Task } from './timerQueue.js';

/** The results. Times are in counts of the clock. */
export const TestTask = struct(
  'TestTask',
  { size: 40 },
  {
    period: at(0, U64),
    deadline: at(8, U64),
    runs: at(16, U64),
    /** Number of runs that were left out because a run was late by more than the period. */
    missed: at(24, U64),
    greatestLateness: at(32, U64),
  },
);
export const testTask = instance(TestTask);

/** Starts the task. The first run is one period from now. */
export function startTestTask(period: u64): void {
  testTask.period = period;
  setDeadline(u64(readClock() + period));
}

/** Runs the task at time `now`. Counts the runs that were due meanwhile, and schedules the next. */
export function runTestTask(now: u64): void {
  const period = testTask.period;
  const lateness = subSat64(now, testTask.deadline);
  testTask.runs = u64(testTask.runs + 1n);
  if (lateness > testTask.greatestLateness) testTask.greatestLateness = lateness;
  if (period === 0n) return;
  const missed = lateness / period;
  testTask.missed = u64(testTask.missed + missed);
  setDeadline(u64(testTask.deadline + (missed + 1n) * period));
}

function setDeadline(deadline: u64): void {
  testTask.deadline = deadline;
  addTimer(Task.test, deadline);
}
