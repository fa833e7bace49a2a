import { execa } from 'execa';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../../../linker/paths.js';

t.test('without a terminal, tsvm run shows that the guest runs under tsvm, and ends', async (t) => {
  const program = join(root, 'build', 'js', 'cli', 'tsvm.js');
  const { stdout, exitCode } = await execa(process.execPath, [program, 'run', '--timeout', '120'], { reject: false });
  t.match(stdout, /^tsvm, hypercall interface \d/m);
  t.match(stdout, /reboot: Power down/);
  t.equal(exitCode, 0);
});
