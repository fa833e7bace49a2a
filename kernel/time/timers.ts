/** What waits in the timer queue, done when it is due. */
import { table, type u32, type u64 } from '../../transpiler/lib/index.js';
import { options } from '../machine/options.js';
import { countsOf, MICROSECONDS_END, readClock } from './clock.js';
import { runTestTask, startTestTask } from './testTask.js';
import { takeDue, Task, TASKS } from './timerQueue.js';
import { holdsInits, restartProcessors, watchResets } from '../vmx/heldInit.js';

/** Does what was to be done; `now` is the time on the clock. */
type TaskRun = (now: u64) => void;
const tasks = table<TaskRun>(TASKS, noTask, { [Task.test]: runTestTask, [Task.restart]: restartProcessors });

/** Starts what the options ask for, and what the machine needs. */
export function startTasks(): void {
  const period = options.testTimer;
  if (period !== 0 && period < MICROSECONDS_END) startTestTask(countsOf(period));
  if (holdsInits()) watchResets();
}

/** Does everything that is due now, each task once at most: one that is due again at once, whatever the clock says, waits. */
export function runDueTimers(): void {
  const now = readClock();
  for (let i: u32 = 0; i < TASKS; i++) {
    const task = takeDue(now);
    if (task >= TASKS) return;
    tasks.get(task)(now);
  }
}

/** What the other numbers stand for, which are never in the queue. */
function noTask(_now: u64): void {
  return;
}
