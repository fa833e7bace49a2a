import t from 'tap';
import { releaseLock, SpinLock, takeLock } from '../../../kernel/vcpu/spinLock.js';
import { instance } from '../../../transpiler/lib/index.js';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';

const lock = instance(SpinLock);
let pauses = 0;
/** What another processor does while this one pauses. */
let meanwhile = (): void => undefined;

t.beforeEach(() => {
  resetMemory();
  pauses = 0;
  meanwhile = () => undefined;
  simulate({
    pause() {
      pauses++;
      meanwhile();
    },
  });
});

t.test('a lock that nobody holds is taken at once', (t) => {
  takeLock(lock);
  t.equal(lock.taken, 1);
  t.equal(pauses, 0);
  releaseLock(lock);
  t.equal(lock.taken, 0);
  t.end();
});

t.test('a lock is waited for until its holder releases it', (t) => {
  takeLock(lock);
  meanwhile = () => {
    if (pauses === 7) releaseLock(lock);
  };
  takeLock(lock);
  t.equal(pauses, 7);
  t.equal(lock.taken, 1);
  t.end();
});

t.test('a lock whose holder is gone is not waited for without end', (t) => {
  takeLock(lock);
  takeLock(lock);
  t.ok(pauses > 100 && pauses < 100_000, `${pauses} pauses`);
  t.equal(lock.taken, 1);
  t.end();
});
