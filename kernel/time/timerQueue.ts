/**
 * Tasks to be done later. Each task has at most one deadline. The deadlines are kept in order, so that the next one is
 * found at once, and an empty queue costs nothing.
 */
import {
  arr,
  at,
  instance,
  invariant,
  min32,
  requires,
  struct,
  U32,
  U64,
  type u32,
  type u64,
} from '../../transpiler/lib/index.js';

/** The tasks that can be scheduled. */
export const Task = { test: 0, restart: 1 } as const;
/** Number of task numbers. */
export const TASKS = 8;
/** Deadline of an empty queue. */
export const NEVER = 0xffff_ffff_ffff_ffffn;
/** Returned by takeDue() if no task is due. */
export const NO_TASK = TASKS;

const Entry = struct('TimerEntry', { size: 16 }, { deadline: at(0, U64), task: at(8, U32) });
/** The queue. The last of its `count` entries is due first. */
const Queue = struct('TimerQueue', { size: 136 }, { count: at(0, U32), entries: at(8, arr(Entry, TASKS)) });
const queue = instance(Queue, { align: 8 });

/** Schedules `task` for `deadline`, in counts of the clock. Replaces its earlier deadline, if any. */
export function addTimer(task: u32, deadline: u64): void {
  requires(task < TASKS);
  removeTimer(task);
  const count = queue.count;
  if (count >= TASKS) return;
  let place: u32 = count;
  while (place > 0 && queue.entries.at(place - 1).deadline < deadline) {
    move(place - 1, place);
    place--;
  }
  const entry = queue.entries.at(place);
  entry.deadline = deadline;
  entry.task = task;
  queue.count = count + 1;
}

/** Removes `task` from the queue. */
export function removeTimer(task: u32): void {
  const count = min32(queue.count, TASKS);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    invariant(kept <= i);
    if (queue.entries.at(i).task === task) continue;
    move(i, kept);
    kept++;
  }
  queue.count = kept;
}

/** The deadline of the next task; NEVER if there is none. */
export function nextDeadline(): u64 {
  const count = queue.count;
  return count === 0 || count > TASKS ? NEVER : queue.entries.at(count - 1).deadline;
}

/** Removes and returns the task with the earliest deadline, if that has come at `now`; else NO_TASK. */
export function takeDue(now: u64): u32 {
  const count = queue.count;
  if (count === 0 || count > TASKS) return NO_TASK;
  const entry = queue.entries.at(count - 1);
  if (entry.deadline > now) return NO_TASK;
  queue.count = count - 1;
  return entry.task;
}

function move(from: u32, to: u32): void {
  requires(from < TASKS && to < TASKS);
  const source = queue.entries.at(from);
  const target = queue.entries.at(to);
  target.deadline = source.deadline;
  target.task = source.task;
}
