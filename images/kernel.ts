/** Takes kernels out of Debian's packages. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runTool } from '../linker/toolchain/tools.js';
import { noPackage, type OnStep, unpackPackage } from './package.js';

/** The packages of the kinds of kernel. Each depends on the package of the newest kernel. */
const METAPACKAGES = { cloud: 'linux-image-cloud-amd64', realTime: 'linux-image-rt-amd64' } as const;

/** The module for EFI variables, which is not built into Debian's kernels: its path in the package, and beside `kernel`. */
const VARIABLES_MODULE = join('kernel', 'fs', 'efivarfs', 'efivarfs.ko');
export const variablesModule = (kernel: string): string => `${kernel}.efivarfs.ko`;

/** Puts the kernel into `file` and its module beside it, unless they are there. The first time it needs the network. */
export async function makeKernel(kind: keyof typeof METAPACKAGES, file: string, onStep: OnStep): Promise<void> {
  if (existsSync(file) && existsSync(variablesModule(file))) return;
  await mkdir(dirname(file), { recursive: true });
  const metapackage = METAPACKAGES[kind];
  const dependencies = await runTool('apt-cache', ['depends', metapackage]).catch(() => '');
  const name = /Depends: (linux-image-\S+)/.exec(dependencies)?.[1];
  if (name === undefined) throw noPackage(metapackage);
  const unpacked = await unpackPackage(name, dirname(file), onStep);
  const [version = ''] = await readdir(join(unpacked, 'lib', 'modules'));
  await copyFile(join(unpacked, 'lib', 'modules', version, VARIABLES_MODULE), variablesModule(file));
  await copyFile(join(unpacked, 'boot', `vmlinuz-${version}`), file);
  await rm(unpacked, { recursive: true });
}
