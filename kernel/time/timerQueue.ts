/**
 * What is to be done later: for each task at most one time, kept in order, so that the next one is found at once and
 * nothing at all is done while none waits.
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

/** What can be done later. */
export const Task = { test: 0, restart: 1 } as const;
/** Tasks are numbered below this. */
export const TASKS = 8;
/** The time at which nothing waits to be done. */
export const NEVER = 0xffff_ffff_ffff_ffffn;
/** What takeDue() gives where no task is due. */
export const NO_TASK = TASKS;

const Entry = struct('TimerEntry', { size: 16 }, { deadline: at(0, U64), task: at(8, U32) });
/** The last of `count` entries is the one that is due first. */
const Queue = struct('TimerQueue', { size: 136 }, { count: at(0, U32), entries: at(8, arr(Entry, TASKS)) });
const queue = instance(Queue, { align: 8 });

/** Has `task` done at `deadline`, in counts of the clock, and not when it was to be done before. */
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

/** Has `task` not done any more. */
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

/** When the next task is due; NEVER where none waits. */
export function nextDeadline(): u64 {
  const count = queue.count;
  return count === 0 || count > TASKS ? NEVER : queue.entries.at(count - 1).deadline;
}

/** Takes out the task that was due first of those due at `now`; NO_TASK where none is due. */
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
