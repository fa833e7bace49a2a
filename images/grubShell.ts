/** A disk, also a CD, whose GRUB does nothing but show its shell on COM1. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeGrubDisc } from './grub.js';

const MODULES = [
  ...['biosdisk', 'boot', 'iso9660', 'linux', 'ls', 'lsmmap', 'normal', 'part_msdos', 'reboot'],
  ...['serial', 'terminal'],
];
const COMMANDS = ['serial --unit=0 --speed=115200', 'terminal_input serial', 'terminal_output serial'];

/** Writes the disk with these files, under their names, into the empty folder `folder`; returns its path. */
export async function makeGrubShell(files: Readonly<Record<string, string>>, folder: string): Promise<string> {
  const disk = join(folder, 'grub.iso');
  const content = join(folder, 'grub');
  await mkdir(content);
  for (const [name, source] of Object.entries(files)) await copyFile(source, join(content, name));
  await makeGrubDisc({ firmware: 'bios', files: content, modules: MODULES, commands: COMMANDS }, disk);
  return disk;
}
