/** Files that the person who calls a command names. */
import { readFile, writeFile } from 'node:fs/promises';
import { ExitCode, UserError } from '../linker/errors.js';
import { readLinuxHeader } from '../linker/linuxHeader.js';
import { findHeader } from '../linker/multiboot.js';

export async function readInput(file: string): Promise<Buffer> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot read ${file}: ${error.code ?? error.message}`, ExitCode.usage);
  });
}

export async function writeResult(file: string, content: Buffer): Promise<void> {
  await writeFile(file, content).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot write ${file}: ${error.code ?? error.message}`, ExitCode.usage);
  });
}

/** The content of a kernel that can be a guest. */
export async function readKernel(file: string): Promise<Buffer> {
  const kernel = await readInput(file);
  if (readLinuxHeader(kernel) === null && findHeader(kernel) === null) {
    throw new UserError(
      `${file} is not a kernel that a boot loader can start: neither a Linux kernel (bzImage) nor a multiboot image`,
      ExitCode.usage,
    );
  }
  return kernel;
}
