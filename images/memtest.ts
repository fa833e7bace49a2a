/** Takes Memtest86+ from Debian: a guest that is not Linux, although loaders start it like Linux. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestOptions } from './guest.js';
import { unpackPackage } from './package.js';

export interface Memtest {
  /** The form that starts in 64-bit mode; the other has only a 32-bit entry. */
  readonly x64: string;
  readonly ia32: string;
  /** The form that UEFI firmware starts. */
  readonly efi: string;
}

/** Puts all forms into build/guest of the project, unless they are there. The first time it needs the network. */
export async function makeMemtest({ root, onStep }: GuestOptions): Promise<Memtest> {
  const output = join(root, 'build', 'guest');
  await mkdir(output, { recursive: true });
  const place = (name: string): string => join(output, `memtest-${name}`);
  const memtest = { x64: place('x64'), ia32: place('ia32'), efi: place('x64.efi') };
  if (Object.values(memtest).every((file) => existsSync(file))) return memtest;
  const unpacked = await unpackPackage('memtest86+', output, onStep);
  await copyFile(join(unpacked, 'boot', 'memtest86+ia32.bin'), memtest.ia32);
  await copyFile(join(unpacked, 'boot', 'memtest86+x64.bin'), memtest.x64);
  await copyFile(join(unpacked, 'boot', 'memtest86+x64.efi'), memtest.efi);
  await rm(unpacked, { recursive: true });
  return memtest;
}
