/** The messages of Bochs that `tsvm run --emulator bochs` shows. No guest can cause them, so a program replaces Bochs. */
import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../../linker/paths.js';
import { defaultGuest, freshImage } from '../support/machines/harness.js';

const program = join(root, 'build', 'js', 'cli', 'tsvm.js');
const REASON = '00000012345e[CPU0  ] VMFAIL: VMCS guest state: RFLAGS reserved bits are not zero';

/** Connects to the serial port in its configuration, as Bochs does, prints messages and ends. */
const PROGRAM = `#!/bin/bash
port=$(sed -n 's/^com1:.*dev=127.0.0.1://p' "$3")
exec 3<> "/dev/tcp/127.0.0.1/$port"
echo '${REASON}' >&2
echo '00000012345i[CPU0  ] of no importance' >&2
exit 1
`;

t.test('Bochs’s reason for a failed VM entry is shown', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tsvm-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'bochs'), PROGRAM, { mode: 0o755 });
  await freshImage();
  await defaultGuest();
  const { stdout, stderr, exitCode } = await execa(process.execPath, [program, 'run', '--emulator', 'bochs'], {
    ...{ reject: false, stdin: 'ignore' },
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
  });
  t.match(stderr, `bochs: ${REASON}`);
  t.notMatch(stderr, /of no importance/);
  t.equal(stdout, '');
  t.equal(exitCode, 3);
});
