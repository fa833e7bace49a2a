/** A guest that starts another kernel by kexec. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { cpioArchive } from '../../../linker/formats/cpio.js';
import { defaultGuest, temporaryFolder } from './harness.js';

/** Makes an initramfs that contains the next kernel, its initramfs, the same one, and its command line. */
export async function withNext(t: Test, commandLine: string): Promise<string> {
  const { kernel, initrd } = await defaultGuest();
  const first = await readFile(initrd);
  const files = [
    ['next/kernel', await readFile(kernel)],
    ['next/initrd', first],
    ['next/cmdline', Buffer.from(commandLine)],
  ] as const;
  const more = cpioArchive([
    { kind: 'folder', path: 'next' },
    ...files.map(([path, content]) => ({ kind: 'file', path, mode: 0o644, content }) as const),
  ]);
  const file = join(await temporaryFolder(t), 'initrd.img');
  await writeFile(file, Buffer.concat([first, Buffer.alloc(-first.length & 3), more]));
  return file;
}
