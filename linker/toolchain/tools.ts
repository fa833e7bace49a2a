/** Runs the system's programs that builds and runs need, and reports one that is missing or fails. */
import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { ExitCode, UserError } from '../errors.js';

/** The Debian package that holds each program. */
const PACKAGES = {
  addr2line: 'binutils',
  'apt-cache': 'apt',
  'apt-get': 'apt',
  bochs: 'bochs',
  chroot: 'coreutils',
  debootstrap: 'debootstrap',
  'dpkg-deb': 'dpkg',
  gcc: 'gcc',
  gdb: 'gdb',
  'grub-mkimage': 'grub-common',
  'grub-mkrescue': 'grub-common',
  ld: 'binutils',
  mcopy: 'mtools',
  mformat: 'mtools',
  mke2fs: 'e2fsprogs',
  mmd: 'mtools',
  nasm: 'nasm',
  objdump: 'binutils',
  'qemu-system-x86_64': 'qemu-system-x86',
  sfdisk: 'fdisk',
} as const;

export interface ToolOptions {
  /** The folder to run in. */
  readonly cwd?: string;
  /** Content of the program's standard input. */
  readonly input?: string;
  /** Environment variables in addition to those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export type Tool = keyof typeof PACKAGES;

/**
 * Runs a program to its end and returns what it wrote to its standard output. Throws a UserError
 * that names the package when the program is missing, and one with its messages when it fails.
 */
export async function runTool(tool: Tool, parameters: readonly string[], options: ToolOptions = {}): Promise<string> {
  const { environment = {}, ...rest } = options;
  const result = await execa(tool, parameters, { ...rest, env: environment, reject: false, maxBuffer: 1 << 28 });
  if (result.code === 'ENOENT') throw missingTool(tool);
  if (result.failed) throw new UserError(`${tool} failed:\n${result.stderr || result.shortMessage}`, ExitCode.tool);
  return result.stdout;
}

/** The first line that `--version` prints; it goes into the stamp of a build. */
export async function toolVersion(tool: Tool): Promise<string> {
  const [line = ''] = (await runTool(tool, ['--version'])).split('\n');
  return line;
}

export function missingTool(tool: Tool): UserError {
  return missingPackage(tool, PACKAGES[tool]);
}

/** Throws a UserError that names the package if `file`, a part of `what`, is missing. */
export function requireFile(file: string, what: string, name: string): void {
  if (!existsSync(file)) throw missingPackage(what, name);
}

function missingPackage(what: string, name: string): UserError {
  return new UserError(`${what} is not installed; it is in the Debian package ${name}`, ExitCode.tool, [
    `apt-get install ${name}`,
  ]);
}
