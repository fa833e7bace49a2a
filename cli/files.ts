/** Reads and writes the files that a command line names. */
import { createReadStream } from 'node:fs';
import { access, constants, cp, mkdir, open, readFile, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ExitCode, isSystemError, systemText, UserError } from '../linker/errors.js';
import { inspectFile } from '../linker/formats/inspect.js';
import { readLinuxHeader } from '../linker/formats/linuxHeader.js';
import { findHeader } from '../linker/formats/multiboot.js';
import { type OptionWords, refusalOf } from '../linker/formats/options.js';
import { withTemporaryFolder } from '../linker/temporary.js';

/** Writes a result to `path`. `folder` is for intermediate files. */
export type Maker = (path: string, folder: string) => Promise<void>;

/** The name of standard output, for commands that can write there. */
export const STANDARD_OUTPUT = '-';

export async function readInput(file: string): Promise<Buffer> {
  return readFile(file).catch(cannot('read', file));
}

/** Reads a kernel that can be a guest. Throws a UserError if the file is no such kernel. */
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

/** Throws a UserError if `image` would not start with these options. */
export function checkOptions(words: OptionWords, image: Buffer): void {
  const reason = refusalOf(words, inspectFile(image).tsvm?.options ?? []);
  if (reason !== null) throw new UserError(reason, ExitCode.usage);
}

/** Throws a UserError if `file` cannot be both read and written. */
export async function checkDisk(file: string): Promise<void> {
  const handle = await open(file, 'r+').catch(cannot('open', file));
  await handle.close();
}

/** Writes a file or a device. An earlier file is replaced only once the new one is complete. */
export async function writeOutput(output: string, make: Maker): Promise<void> {
  const found = await stat(output).catch(() => null);
  if (found !== null && !found.isFile() && !found.isDirectory()) return writeDevice(output, make);
  const target = found === null ? output : await realpath(output);
  if (found !== null) await open(target, 'r+').then((handle) => handle.close(), cannot('write', output));
  await access(dirname(target), constants.W_OK).catch(cannot('write', output));
  await withTemporaryFolder(async (folder) => {
    const file = join(folder, 'output');
    await make(file, folder).catch(failed(output));
    await rename(file, target).catch(failed(output));
  }, dirname(target));
}

/** Fills a folder, which may already exist. */
export async function writeFolder(output: string, make: Maker): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const tree = join(folder, 'output');
    await make(tree, folder);
    await mkdir(output, { recursive: true }).catch(cannot('make the folder', output));
    await cp(tree, output, { recursive: true }).catch(failed(output));
  });
}

/** Writes a device. It cannot be replaced like a file, so it is opened first and written once all its content is made. */
async function writeDevice(output: string, make: Maker): Promise<void> {
  const device = await open(output, 'r+').catch(cannot('write', output));
  try {
    await withTemporaryFolder(async (folder) => {
      const file = join(folder, 'output');
      await make(file, folder);
      await pipeline(createReadStream(file), device.createWriteStream()).catch(failed(output));
    });
  } finally {
    await device.close();
  }
}

/** Returns a handler that throws a UserError naming the file of the command line and what failed with it. */
function cannot(verb: string, file: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    throw new UserError(`cannot ${verb} ${file}: ${systemText(error)}`, ExitCode.usage);
  };
}

/** Returns a handler for errors while a result is written. If a system call failed, its UserError names the result. */
function failed(output: string): (error: unknown) => never {
  return (error) => {
    if (!isSystemError(error)) throw error;
    throw new UserError(`cannot write ${output}: ${systemText(error)}`, ExitCode.tool);
  };
}
