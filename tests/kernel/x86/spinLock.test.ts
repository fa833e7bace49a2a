import t from 'tap';
import { claimEnd } from '../../../kernel/x86/end.js';
import { releaseLock, SpinLock, takeLock, tryLock } from '../../../kernel/x86/spinLock.js';
import { instance } from '../../../transpiler/lib/index.js';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { Halted, HALTED } from '../../support/image.js';
import { importUndone } from '../../support/undoneModule.js';

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
    haltForever() {
      throw new Halted();
    },
  });
});

t.test('a free lock is taken at once', (t) => {
  takeLock(lock);
  t.equal(lock.taken, 1);
  t.equal(pauses, 0);
  releaseLock(lock);
  t.equal(lock.taken, 0);
  t.end();
});

t.test('a lock is waited for until its holder releases it, however long that takes', (t) => {
  takeLock(lock);
  meanwhile = () => {
    if (pauses === 1_000_000) releaseLock(lock);
  };
  takeLock(lock);
  t.equal(pauses, 1_000_000);
  t.equal(lock.taken, 1);
  t.end();
});

t.test('control: a lock that is waited for 1,000 times only is taken twice', async (t) => {
  const undone = await importUndone<{ takeLock: typeof takeLock }>(
    'kernel/x86/spinLock.ts',
    'while (!tryLock(lock)) {',
    'for (let i = 0; i < 1000 && !tryLock(lock); i++) {',
  );
  takeLock(lock);
  undone.takeLock(lock);
  t.equal(pauses, 1000);
  t.equal(lock.taken, 1, 'and the holder has not released it');
});

t.test('a processor that waits for a lock stops when the node ends, and does not take it', (t) => {
  takeLock(lock);
  meanwhile = () => {
    if (pauses === 7) claimEnd();
  };
  t.throws(() => takeLock(lock), HALTED);
  t.equal(pauses, 7);
  t.end();
});

t.test('no lock is taken once the node has ended, not even a free one', (t) => {
  claimEnd();
  t.throws(() => takeLock(lock), HALTED);
  t.equal(lock.taken, 0);
  t.end();
});

t.test('a lock that is taken is not taken again by trying', (t) => {
  t.ok(tryLock(lock));
  t.notOk(tryLock(lock));
  releaseLock(lock);
  t.ok(tryLock(lock));
  t.end();
});

t.test('the node ends once: the second processor that ends it stops', (t) => {
  claimEnd();
  t.throws(claimEnd, HALTED);
  t.end();
});
