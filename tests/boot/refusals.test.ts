import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { boot, type BootOptions, defaultGuest, hypervisorLines, temporaryFolder } from './harness.js';

/** It says so in its last line and then stands still: a triple fault or a reset would end the run. */
async function refuses(t: Test, options: BootOptions, reason: RegExp): Promise<void> {
  const { serial, ended } = await boot({ ...options, until: new RegExp(`${reason.source}.*\\n`), seconds: 30 });
  t.match(hypervisorLines(serial).at(-1), reason);
  t.equal(ended, 'stopped');
  t.notMatch(serial, /Linux version/);
}

/** The guest's kernel, changed. */
async function changedKernel(t: Test, change: (kernel: Buffer) => Buffer): Promise<string> {
  const file = join(await temporaryFolder(t), 'vmlinuz');
  await writeFile(file, change(await readFile((await defaultGuest()).kernel)));
  return file;
}

t.test('a processor without SVM', (t) => refuses(t, { cpu: 'qemu64,-svm' }, /this processor has no AMD-V \(SVM\)/));

t.test('a processor without nested paging', (t) => refuses(t, { cpu: 'EPYC,-npt' }, /without nested paging/));

t.test('an unknown option', (t) => refuses(t, { options: 'crash=halt colour=red' }, /unknown option "colour=red"/));

t.test('a module that is no kernel', async (t) => {
  const kernel = await changedKernel(t, () => Buffer.alloc(100_000, 'text '));
  await refuses(t, { kernel }, /the guest's kernel: .*not a Linux bzImage/);
});

t.test('a module of a few bytes', async (t) => {
  const kernel = await changedKernel(t, (kernel) => kernel.subarray(0, 20));
  await refuses(t, { kernel }, /the guest's kernel: .*not a Linux bzImage: too short/);
});

t.test('a truncated kernel', async (t) => {
  const kernel = await changedKernel(t, (kernel) => kernel.subarray(0, kernel.length / 2));
  await refuses(t, { kernel }, /the guest's kernel: .*truncated/);
});

t.test('a kernel with the oldest boot protocol', async (t) => {
  const kernel = await changedKernel(t, (kernel) => {
    kernel.writeUInt16LE(0x0200, 0x206);
    return kernel;
  });
  await refuses(t, { kernel }, /the guest's kernel: .*its boot protocol is older than 2\.10/);
});

t.test('too little memory', (t) => refuses(t, { memory: '32M' }, /too little memory/));
