/** The image is started with five-level paging on, as by kexec from a Linux that uses it. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { root } from '../../../linker/paths.js';
import { boot, type BootOptions, freshImage, temporaryFolder } from '../../support/machines/harness.js';

async function fiveLevels(t: Test, append: string): Promise<BootOptions> {
  const kernel = join(await temporaryFolder(t), 'levels');
  await assembleBareProgram(root, 'levels', kernel);
  const machine = { image: null, kernel, initrd: await freshImage(), append, memory: '5G', seconds: 30 };
  return { ...machine, cpu: 'EPYC,+la57' };
}

t.test('the image switches five-level paging off', async (t) => {
  const { serial } = await boot({ ...(await fiveLevels(t, 'low')), until: /starting the guest\n/ });
  t.match(serial, /^tsvm: starting the guest$/m);
});

t.test('above 4 GiB, where it cannot switch five-level paging off, the image says so', async (t) => {
  const { serial, ended } = await boot({ ...(await fiveLevels(t, 'high')), until: /no5lvl.*\n/ });
  t.match(serial, /^tsvm: five-level paging is on, and the image lies above 4 GiB/m);
  t.equal(ended, 'stopped');
});
