/**
 * Makes a disk with Debian 12 like that of an installed node: ext4, systemd, its own kernel and initrd, and GRUB for BIOS and
 * UEFI. On the serial console `root` logs in without a password. tsvm-stat is installed.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, UserError } from '../linker/errors.js';
import { runTool } from '../linker/toolchain/tools.js';
import { makeDisk } from './disk.js';
import { fatSize, makeFat } from './fat.js';
import { checkGrub, makeGrub } from './grub.js';
import { type GuestOptions, makeGuest } from './guest.js';
import type { OnStep } from './package.js';

const SUITE = 'bookworm';
const ARCHIVE = 'http://deb.debian.org/debian';
/** Packages that the smallest Debian lacks to boot a machine. */
const PACKAGES = ['initramfs-tools', 'kmod', 'systemd-sysv', 'udev'];
const ROOT_BYTES = 1 << 30;
const GRUB_MODULES = ['part_gpt', 'ext2', 'fat', 'chain'];
const FILES = ['configure.sh', 'grub.cfg'];

/**
 * Makes build/guest/debian.img if it is missing or out of date, and returns its path. Making it takes some minutes, root's
 * rights (for chroot and the owners of files) and the network.
 */
export async function makeDebianDisk({ root, onStep }: GuestOptions): Promise<string> {
  const sources = join(root, 'images', 'debian');
  const output = join(root, 'build', 'guest');
  const disk = join(output, 'debian.img');
  await makeGuest({ root, onStep });
  const stamp = await stampOf([...FILES.map((file) => join(sources, file)), join(output, 'tsvm-stat')]);
  const stampFile = join(output, 'debian.stamp');
  if (existsSync(disk) && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return disk;

  checkGrub(['i386-pc', 'x86_64-efi']);
  if (process.getuid?.() !== 0) {
    throw new UserError('debootstrap, which makes the Debian disk, must run as root', ExitCode.tool);
  }
  const folder = join(output, 'debian');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const tree = await installDebian(folder, sources, join(output, 'tsvm-stat'), onStep);
  onStep('write the disk image of Debian');
  await writeDebianDisk(folder, tree, join(folder, 'disk'));
  await rename(join(folder, 'disk'), disk);
  await rm(folder, { recursive: true });
  await writeFile(stampFile, stamp);
  return disk;
}

/** Installs Debian and returns the folder that becomes the disk's root. */
async function installDebian(folder: string, sources: string, statistics: string, onStep: OnStep): Promise<string> {
  const tree = join(folder, 'root');
  onStep(`install Debian ${SUITE} for the disk image`);
  const include = `--include=${PACKAGES.join()}`;
  await runTool('debootstrap', ['--variant=minbase', include, SUITE, tree, ARCHIVE]);
  onStep('install its kernel');
  await copyFile(join(sources, 'configure.sh'), join(tree, 'configure.sh'));
  await runTool('chroot', [tree, '/bin/sh', '/configure.sh']);
  await rm(join(tree, 'configure.sh'));
  await copyFile(statistics, join(tree, 'usr', 'local', 'bin', 'tsvm-stat'));
  await mkdir(join(tree, 'boot', 'grub'));
  await copyFile(join(sources, 'grub.cfg'), join(tree, 'boot', 'grub', 'grub.cfg'));
  return tree;
}

async function writeDebianDisk(folder: string, tree: string, disk: string): Promise<void> {
  const files = { root: join(folder, 'ext4'), esp: join(folder, 'esp') };
  await writeFile(files.root, '');
  await truncate(files.root, ROOT_BYTES);
  await runTool('mke2fs', ['-q', '-t', 'ext4', '-L', 'root', '-d', tree, files.root]);

  const loaders = { bios: join(folder, 'core.img'), efi: join(folder, 'grubx64.efi') };
  const commands = ['search --set=root --label root', 'configfile /boot/grub/grub.cfg'];
  await makeGrub({ target: 'i386-pc', modules: [...GRUB_MODULES, 'biosdisk'], commands }, loaders.bios, folder);
  await makeGrub({ target: 'x86_64-efi', modules: [...GRUB_MODULES, 'efi_gop'], commands }, loaders.efi, folder);
  await makeFat(files.esp, { bytes: fatSize(0), hiddenSectors: 0 }, [
    { path: 'EFI/BOOT/BOOTX64.EFI', source: loaders.efi },
    { path: 'EFI/debian/grubx64.efi', source: loaders.efi },
  ]);
  const partitions = [
    { type: 'esp', name: 'esp', content: files.esp },
    { type: 'linux', name: 'root', content: files.root },
  ] as const;
  await makeDisk(disk, { label: 'gpt', partitions, core: loaders.bios });
}

async function stampOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex');
}
