/** Boots machines that gdb stops at a function of the hypervisor, to change its state there. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runTool } from '../../../linker/toolchain/tools.js';
import { boot, type Boot, type BootOptions, freshImage, imageFolder } from './harness.js';

/** Finds a free TCP port. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Boots up to `where`, runs gdb's `commands` there, and goes on. With `*` before a C function: to its first instruction. */
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
