/** Machines that gdb stops at a function of the hypervisor's, to change what it meets there. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runTool } from '../../../linker/toolchain/tools.js';
import { boot, type Boot, type BootOptions, freshImage, imageFolder } from './harness.js';

/** A port that nothing listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Boots up to `where`, a C function or `*` and one for its very first instruction, gives gdb `commands`, and goes on. */
export async function bootAndBreak(where: string, commands: readonly string[], options: BootOptions): Promise<Boot> {
  await freshImage();
  const port = await freePort();
  const running = boot({ ...options, gdb: port, seconds: 60 });
  const all = [
    'set architecture i386:x86-64',
    'set tcp connect-timeout 30',
    `target remote 127.0.0.1:${port}`,
    `hbreak ${where}`,
    'continue',
    ...commands,
    'detach',
  ];
  await runTool('gdb', ['-batch', ...all.flatMap((one) => ['-ex', one]), join(imageFolder(), 'tsvm.debug')]);
  return running;
}
