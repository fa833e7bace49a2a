/** Makes disks whose GRUB only shows its shell on COM1. */
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fatSize, makeFat } from './fat.js';
import { makeGrub, makeGrubDisc } from './grub.js';
import { EFI_DEFAULT } from './loaderCommands.js';

const MODULES = [
  ...['biosdisk', 'boot', 'iso9660', 'linux', 'ls', 'lsmmap', 'normal', 'part_msdos', 'reboot'],
  ...['serial', 'terminal'],
];
const COMMANDS = ['serial --unit=0 --speed=115200', 'terminal_input serial', 'terminal_output serial'];

/** The files on the disk besides GRUB, by their names on the disk. */
type Files = Readonly<Record<string, string>>;

/** Writes such a disk for a BIOS, which is also a CD, into the empty folder `folder`; returns its path. */
export async function makeGrubShell(files: Files, folder: string): Promise<string> {
  const disk = join(folder, 'grub.iso');
  const content = join(folder, 'grub');
  await mkdir(content);
  for (const [name, source] of Object.entries(files)) await copyFile(source, join(content, name));
  await makeGrubDisc({ files: content, modules: MODULES, commands: COMMANDS }, disk);
  return disk;
}

/**
 * Writes such a disk for UEFI into the empty folder `folder`; returns its path. It uses the firmware's console, which is on
 * COM1 too: GRUB's own driver would lose part of the input to the firmware.
 */
export async function makeEfiGrubShell(files: Files, folder: string): Promise<string> {
  const disk = join(folder, 'grub.img');
  const grub = join(folder, 'grub.efi');
  const commands = [`search --set=root --file /${EFI_DEFAULT}`];
  await makeGrub({ target: 'x86_64-efi', modules: ['fat', 'lsefimmap'], commands }, grub, folder);
  const content = Object.entries({ ...files, [EFI_DEFAULT]: grub }).map(([path, source]) => ({ path, source }));
  const sizes = await Promise.all(content.map(({ source }) => stat(source)));
  const bytes = fatSize(sizes.reduce((sum, { size }) => sum + size, 0));
  await makeFat(disk, { bytes, hiddenSectors: 0 }, content);
  return disk;
}
