/** Downloads and unpacks Debian's packages, from which guests are made. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, UserError } from '../linker/errors.js';
import { runTool } from '../linker/toolchain/tools.js';

/** Is called before each step that takes time. */
export type OnStep = (text: string) => void;

/** Downloads a package into a folder below `output`, without installing it; returns the folder that holds its files. */
export async function unpackPackage(name: string, output: string, onStep: OnStep): Promise<string> {
  onStep(`download the Debian package ${name}`);
  const folder = join(output, 'packages', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await runTool('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', name], { cwd: folder }).catch(() => {
    throw noPackage(name);
  });
  const archive = (await readdir(folder)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw noPackage(name);
  const files = join(folder, 'files');
  await runTool('dpkg-deb', ['--extract', join(folder, archive), files]);
  return files;
}

/** The error for a package that cannot be downloaded. */
export function noPackage(name: string): UserError {
  return new UserError(`cannot download the Debian package ${name}: it needs Debian's archive`, ExitCode.tool, [
    'apt-get update',
  ]);
}
