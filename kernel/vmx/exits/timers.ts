/** Runs the tasks of the timer queue when they are due. */
import { list, table, U32, type u32, type u64 } from '../../../transpiler/lib/index.js';
import { options, TestTimer } from '../../machine/options.js';
import { countsOf, readClock } from '../../time/clock.js';
import { runTestTask, startTestTask } from '../../time/testTask.js';
import { takeDue, Task, TASKS } from '../../time/timerQueue.js';
import { holdsInits, restartProcessors, lookForResets } from './heldInit.js';

/** Runs a task; `now` is the time on the clock. */
type TaskRun = (now: u64) => void;
const tasks = table<TaskRun>(TASKS, noTask, { [Task.test]: runTestTask, [Task.restart]: restartProcessors });

/** Periods of the test task in microseconds, by the value of the option. */
const TEST_PERIODS = list(U32, [0, 1_000, 10_000, 1_000_000]);

/** Starts the tasks that the options ask for and that the machine needs. */
export function startTasks(): void {
  const choice = options.testTimer;
  if (choice !== TestTimer.off && choice < TEST_PERIODS.length) startTestTask(countsOf(TEST_PERIODS.get(choice)));
  if (holdsInits()) lookForResets();
}

/** Runs every task that is due now, each at most once per call, whatever new deadline it sets. */
export function runDueTimers(): void {
  const now = readClock();
  for (let i: u32 = 0; i < TASKS; i++) {
    const task = takeDue(now);
    if (task >= TASKS) return;
    tasks.get(task)(now);
  }
}

/** Does nothing; stands for unused task numbers, which are never in the queue. */
function noTask(_now: u64): void {
  return;
}
