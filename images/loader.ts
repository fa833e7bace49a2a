/** Makes the EFI application that firmware starts from a medium. It starts the tsvm beside it, or halts if it cannot. */
import { join } from 'node:path';
import { root } from '../linker/paths.js';
import { runTool } from '../linker/toolchain/tools.js';

/** What a medium does if its tsvm cannot be loaded: the node stands still, or starts without a hypervisor. */
export const FALLBACKS = ['none', 'node'] as const;
export type Fallback = (typeof FALLBACKS)[number];

const SOURCE = join(root, 'images', 'loader.asm');

/** Writes the application to `file`. It starts \tsvm.bin of the device that it came from, with `options`. */
export async function makeLoader(options: string, fallback: Fallback, file: string): Promise<void> {
  const words = options === '' ? [] : [`-DOPTIONS='${options}'`];
  const way = fallback === 'node' ? ['-DFALLBACK'] : [];
  await runTool('nasm', ['-f', 'bin', ...words, ...way, '-o', file, SOURCE]);
}
