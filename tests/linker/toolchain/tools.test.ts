import t from 'tap';
import { ExitCode } from '../../../linker/errors.js';
import { requireFile, runTool } from '../../../linker/toolchain/tools.js';

t.test('the error for a missing file names its package', (t) => {
  t.throws(() => requireFile('/nowhere/firmware', 'UEFI firmware for QEMU', 'ovmf'), {
    message: 'UEFI firmware for QEMU is not installed; it is in the Debian package ovmf',
    remedies: ['apt-get install ovmf'],
    exitCode: ExitCode.tool,
  });
  t.doesNotThrow(() => requireFile(import.meta.filename, 'this test', 'none'));
  t.end();
});

t.test('the error for a failed program has its messages', async (t) => {
  const message = /^ld failed:\n(.|\n)*nowhere\.o/;
  await t.rejects(runTool('ld', ['/nowhere.o']), { message, exitCode: ExitCode.tool });
});
