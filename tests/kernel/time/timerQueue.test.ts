import fc from 'fast-check';
import t from 'tap';
import {
  addTimer,
  NEVER,
  nextDeadline,
  NO_TASK,
  removeTimer,
  takeDue,
  TASKS,
} from '../../../kernel/time/timerQueue.js';
import { resetMemory } from '../../../transpiler/lib/testing.js';

t.beforeEach(resetMemory);

t.test('an empty queue has nothing due, ever', (t) => {
  t.equal(nextDeadline(), NEVER);
  t.equal(takeDue(NEVER), NO_TASK);
  t.end();
});

t.test('a task is due at its deadline, not before, and once', (t) => {
  addTimer(3, 100n);
  t.equal(nextDeadline(), 100n);
  t.equal(takeDue(99n), NO_TASK);
  t.equal(takeDue(100n), 3);
  t.equal(takeDue(100n), NO_TASK);
  t.equal(nextDeadline(), NEVER);
  t.end();
});

t.test('tasks come in the order of their deadlines', (t) => {
  for (const [task, deadline] of [30n, 10n, 20n, 40n].entries()) addTimer(task, deadline);
  t.same([takeDue(35n), takeDue(35n), takeDue(35n), takeDue(35n)], [1, 2, 0, NO_TASK]);
  t.equal(nextDeadline(), 40n);
  t.end();
});

t.test('a task that waits already waits for its new deadline only', (t) => {
  addTimer(1, 10n);
  addTimer(2, 20n);
  addTimer(1, 30n);
  t.same([takeDue(25n), takeDue(25n), takeDue(30n)], [2, NO_TASK, 1]);
  t.end();
});

t.test('a task that is removed is never due', (t) => {
  addTimer(1, 10n);
  addTimer(2, 20n);
  removeTimer(1);
  removeTimer(7);
  t.same([takeDue(25n), takeDue(25n)], [2, NO_TASK]);
  t.end();
});

t.test('all tasks can wait at once', (t) => {
  for (let task = 0; task < TASKS; task++) addTimer(task, BigInt(100 - task));
  for (let task = TASKS - 1; task >= 0; task--) t.equal(takeDue(100n), task);
  t.end();
});

t.test('for any use the queue behaves like a sorted list', (t) => {
  const task = fc.integer({ min: 0, max: TASKS - 1 });
  const time = fc.bigInt({ min: 0n, max: 50n });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), task, time }),
    fc.record({ kind: fc.constant('remove' as const), task, time }),
    fc.record({ kind: fc.constant('take' as const), task, time }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      resetMemory();
      const model = new Map<number, bigint>();
      for (const { kind, task: name, time: when } of steps) {
        if (kind === 'add') {
          addTimer(name, when);
          model.set(name, when);
        } else if (kind === 'remove') {
          removeTimer(name);
          model.delete(name);
        } else {
          const taken = takeDue(when);
          const least = [...model.values()].reduce((a, b) => (a < b ? a : b), NEVER);
          t.equal(taken === NO_TASK, least > when);
          if (taken !== NO_TASK) t.equal(model.get(taken), least);
          model.delete(taken);
        }
        t.equal(
          nextDeadline(),
          [...model.values()].reduce((a, b) => (a < b ? a : b), NEVER),
        );
      }
    }),
  );
  t.end();
});
