/** The lock between concurrent threads: the image's C under ThreadSanitizer. */
import { execa } from 'execa';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { emit, transpile } from '../../../transpiler/index.js';
import { root, scratchFolder } from '../../support/hosted/scratch.js';

t.setTimeout(300_000);

const CALLED = ['takeLock', 'releaseLock', 'claimEnd'];
/** Without this line the lock does not exclude anything. */
const WAITS = /while \(!x86_spinLock_tryLock\(lock\)\)/;
const OPEN = 'while (!x86_spinLock_tryLock(lock) && false)';

const { program } = transpile({ folder: join(root, 'kernel') });
const functions = program.modules.flatMap((module) => module.functions);
const files = emit({ ...program, entries: functions.filter(({ name }) => CALLED.includes(name)) });
const folder = scratchFolder(t, 'threads');

/** Compiles the lock; with `isOpen`, without its wait. */
async function compileLock(isOpen: boolean): Promise<string> {
  const place = join(folder, isOpen ? 'open' : 'whole');
  for (const [name, text] of files) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), isOpen ? text.replace(WAITS, OPEN) : text);
  }
  const sources = join(root, 'tests/kernel/x86');
  copyFileSync(join(sources, 'spinLockThreads.h'), join(place, 'platform.h'));
  const binary = join(place, 'threads');
  const flags = ['-std=gnu11', '-O1', '-g', '-Wall', '-fsanitize=thread', '-pthread'];
  await execa('clang', [...flags, '-I', place, '-o', binary, join(sources, 'spinLockThreads.c')]);
  return binary;
}

t.test('two threads are never inside at once', async (t) => {
  const { stdout, exitCode } = await execa(await compileLock(false), ['count'], { reject: false });
  t.equal(exitCode, 0, 'no race');
  t.equal(stdout, '80000 of 80000');
});

t.test('control: with a lock that does not wait two threads are inside, and the race is seen', async (t) => {
  const { stderr, exitCode } = await execa(await compileLock(true), ['count'], { reject: false });
  t.not(exitCode, 0);
  t.match(stderr, /data race/);
});

t.test('all threads that wait for a lock stop when the node ends', async (t) => {
  const binary = await compileLock(false);
  const options = { env: { TSAN_OPTIONS: 'report_bugs=0' } };
  const { stdout } = await execa(binary, ['end'], options);
  t.equal(stdout, '4 stand still');
});
