/** Debian's kernel with PREEMPT_RT as the guest. */
import { join } from 'node:path';
import t from 'tap';
import { makeKernel } from '../../images/kernel.js';
import { root } from '../../linker/paths.js';
import { boot } from '../support/machines/harness.js';

t.setTimeout(900_000);

t.test('the real-time kernel runs on two processors', async (t) => {
  const kernel = join(root, 'build', 'guest', 'vmlinuz-rt');
  await makeKernel('realTime', kernel, () => undefined);
  const append = 'console=ttyS0 tsvm.run=poweroff';
  const { serial, ended } = await boot({ kernel, append, cpus: 2, seconds: 400 });
  t.match(serial, /Linux version .*PREEMPT_RT/);
  t.match(serial, /^tsvm, hypercall interface .*, 2 processors/m);
  t.match(serial, /^guest: Linux \S+-rt-amd64, 2 CPU/m);
  t.match(serial, /^guest: ready$/m);
  t.equal(ended, 'off');
});
