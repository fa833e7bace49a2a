/** Makes the default guest: Debian's cloud kernel and an initramfs of busybox and small programs. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { namesHeader } from '../instruments/generated.js';
import { runTool } from '../linker/toolchain/tools.js';
import { type ArchiveEntry, cpioArchive } from '../linker/formats/cpio.js';
import { makeKernel, variablesModule } from './kernel.js';
import { type OnStep, unpackPackage } from './package.js';

export interface Guest {
  /** Paths of the kernel, a bzImage, and of the initramfs. */
  readonly kernel: string;
  readonly initrd: string;
}

export interface GuestOptions {
  /** The folder of the project. */
  readonly root: string;
  readonly onStep: OnStep;
}

/** Sources of the guest's programs, below the project's folder. */
const PROGRAMS = ['images/guest/kexec.c', 'images/guest/phases.c', 'instruments/tsvm-stat.c'];

/**
 * Makes the guest in build/guest of the project, unless it is there and up to date. The first time it needs the network, for
 * two Debian packages.
 */
export async function makeGuest({ root, onStep }: GuestOptions): Promise<Guest> {
  const output = join(root, 'build', 'guest');
  await mkdir(output, { recursive: true });
  const guest = { kernel: join(output, 'vmlinuz'), initrd: join(output, 'initrd.img') };
  await makeKernel('cloud', guest.kernel, onStep);
  await makeInitramfs(root, output, guest, onStep);
  return guest;
}

async function makeInitramfs(root: string, output: string, { kernel, initrd }: Guest, onStep: OnStep): Promise<void> {
  const init = await readFile(join(root, 'images', 'guest', 'init'));
  const sources = PROGRAMS.map((source) => join(root, source));
  const texts = await Promise.all(sources.map((source) => readFile(source)));
  const module = await readFile(variablesModule(kernel));
  const names = namesHeader(root);
  const hash = createHash('sha256').update(names).update(init).update(module).update(JSON.stringify(PROGRAMS));
  for (const text of texts) hash.update(text);
  const stamp = hash.digest('hex');
  const stampFile = join(output, 'initrd.stamp');
  if (existsSync(initrd) && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return;

  const busybox = await fetchBusybox(output, onStep);
  onStep('compile the programs of the guest');
  await writeFile(join(output, 'names.h'), names);
  const files = await Promise.all(sources.map((source) => compileProgram(source, output)));
  await writeFile(
    initrd,
    gzipSync(cpioArchive(rootFileSystem(init, busybox, [...files, moduleFile(module)])), { level: 6 }),
  );
  await writeFile(stampFile, stamp);
}

function rootFileSystem(init: Buffer, busybox: Buffer, files: readonly ArchiveEntry[]): ArchiveEntry[] {
  const folders = ['bin', 'dev', 'etc', 'lib', 'proc', 'root', 'sys', 'tmp'];
  return [
    ...folders.map((path): ArchiveEntry => ({ kind: 'folder', path })),
    { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
    executable('init', init),
    executable('bin/busybox', busybox),
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    ...files,
  ];
}

function moduleFile(content: Uint8Array): ArchiveEntry {
  return { kind: 'file', path: 'lib/efivarfs.ko', mode: 0o444, content };
}

function executable(path: string, content: Uint8Array): ArchiveEntry {
  return { kind: 'file', path, mode: 0o755, content };
}

async function fetchBusybox(output: string, onStep: GuestOptions['onStep']): Promise<Buffer> {
  const kept = join(output, 'busybox');
  if (!existsSync(kept)) {
    const unpacked = await unpackPackage('busybox-static', output, onStep);
    await writeFile(kept, await readFile(join(unpacked, 'bin', 'busybox')), { mode: 0o755 });
    await rm(unpacked, { recursive: true });
  }
  return readFile(kept);
}

/** Compiles a program of the guest. It is linked statically, since the guest has no libraries. */
async function compileProgram(source: string, output: string): Promise<ArchiveEntry> {
  const name = basename(source, '.c');
  const binary = join(output, name);
  await runTool('gcc', [
    '-std=gnu11',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-static',
    '-s',
    '-I',
    output,
    '-o',
    binary,
    source,
  ]);
  return executable(`bin/${name}`, await readFile(binary));
}
