/** Debian's kernels, taken out of their packages. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runTool } from '../linker/tools.js';
import { noPackage, type OnStep, unpackPackage } from './package.js';

/** Kinds of kernel; the package of each names the newest one by a dependency. */
const METAPACKAGES = { cloud: 'linux-image-cloud-amd64', realTime: 'linux-image-rt-amd64' } as const;

/** Puts the kernel into `file`, or finds it there. Needs the network, the first time. */
export async function makeKernel(kind: keyof typeof METAPACKAGES, file: string, onStep: OnStep): Promise<void> {
  if (existsSync(file)) return;
  await mkdir(dirname(file), { recursive: true });
  const metapackage = METAPACKAGES[kind];
  const dependencies = await runTool('apt-cache', ['depends', metapackage]).catch(() => '');
  const name = /Depends: (linux-image-\S+)/.exec(dependencies)?.[1];
  if (name === undefined) throw noPackage(metapackage);
  const unpacked = await unpackPackage(name, dirname(file), onStep);
  const images = (await readdir(join(unpacked, 'boot'))).filter((image) => image.startsWith('vmlinuz-'));
  await copyFile(join(unpacked, 'boot', images[0] ?? 'vmlinuz'), file);
  await rm(unpacked, { recursive: true });
}
