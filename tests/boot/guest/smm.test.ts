import { join } from 'node:path';
import t from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { root } from '../../../linker/paths.js';
import { boot, temporaryFolder } from '../../support/machines/harness.js';

t.test('SMIs, which the firmware of q35 handles while the guest runs, do no harm', async (t) => {
  const kernel = join(await temporaryFolder(t), 'smi');
  await assembleBareProgram(root, 'smi', kernel);
  const { serial, ended } = await boot({
    machine: 'q35',
    kernel,
    initrd: null,
    append: '',
    until: /^smi: hypercall = .*\n/m,
  });
  const values = Object.fromEntries([...serial.matchAll(/^smi: (.+) = (0x[0-9a-f]+)$/gm)].map(([, ...pair]) => pair));
  t.equal(Number(values['SMI_EN']) & 0x21, 0x21, 'a write to port 0xb2 raises one');
  t.equal(values['interrupts'], '0x64');
  t.equal(values['EFER'], '0x500');
  t.equal(values['hypercall'], '0x0');
  t.equal(ended, 'stopped');
});
