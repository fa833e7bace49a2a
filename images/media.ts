/** Disks and CDs that start a node: tsvm, with its guest or without, and what firmware needs to find it. */
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskLabel, firstPartition, makeDisk } from './disk.js';
import { fatSize, makeFat } from './fat.js';
import { checkGrub, makeGrub, makeGrubDisc } from './grub.js';
import { biosCommands, EFI_DEFAULT, efiCommands } from './loaderCommands.js';

export interface Medium {
  /** A file that the build or `tsvm pack` made. */
  readonly image: string;
  /** The hypervisor's options. */
  readonly options: string;
  /** An empty folder for files in between. */
  readonly folder: string;
}

const IMAGE = 'tsvm.bin';
const DISK_MODULES = ['fat', 'part_gpt', 'part_msdos'];
/** All tables of partitions are among them: the disc's own GRUB asks for each. */
const DISC_MODULES = [
  ...['boot', 'chain', 'echo', 'fat', 'iso9660', 'linux', 'ls', 'minicmd', 'normal', 'reboot', 'regexp', 'test'],
  ...['acorn', 'amiga', 'apple', 'bsd', 'dfly', 'dvh', 'gpt', 'msdos', 'plan', 'sun', 'sunpc'].map(
    (name) => `part_${name}`,
  ),
];

/** A CD for BIOS and UEFI, which may be written to a USB stick as it is. */
export async function makeDisc({ image, options, folder }: Medium, output: string): Promise<void> {
  const files = join(folder, 'disc');
  await mkdir(files);
  await copyFile(image, join(files, IMAGE));
  const start = { file: `/${IMAGE}`, options };
  const commands = [
    'set timeout=0',
    'if [ "$grub_platform" = efi ]; then',
    ...efiCommands(start),
    'else',
    ...biosCommands(start),
    'fi',
  ];
  await makeGrubDisc({ firmware: 'any', files, modules: DISC_MODULES, commands }, output);
}

/**
 * A disk with one file system. A BIOS starts GRUB. UEFI starts tsvm itself, which Secure Boot can then check, unless
 * there are options: GRUB is what hands them over.
 */
export async function makeBootDisk(medium: Medium, label: DiskLabel, output: string): Promise<void> {
  checkGrub(['i386-pc', 'x86_64-efi']);
  const { image, options, folder } = medium;
  const path = options === '' ? EFI_DEFAULT : IMAGE;
  const start = { file: `/${path}`, options };
  const search = `search --set=root --file /${path}`;
  const files = [{ path, source: image }];

  const core = join(folder, 'core.img');
  const biosModules = [...DISK_MODULES, 'biosdisk'];
  await makeGrub({ target: 'i386-pc', modules: biosModules, commands: [search, ...biosCommands(start)] }, core, folder);
  if (options !== '') {
    const loader = join(folder, 'loader.efi');
    const efiModules = [...DISK_MODULES, 'chain', 'efi_gop'];
    await makeGrub(
      { target: 'x86_64-efi', modules: efiModules, commands: [search, ...efiCommands(start)] },
      loader,
      folder,
    );
    files.push({ path: EFI_DEFAULT, source: loader });
  }
  const esp = join(folder, 'esp');
  const sizes = await Promise.all(files.map(async ({ source }) => (await stat(source)).size));
  const bytes = fatSize(sizes.reduce((sum, size) => sum + size, 0));
  await makeFat(esp, { bytes, hiddenSectors: firstPartition(label) }, files);
  await makeDisk(output, { label, partitions: [{ type: 'esp', name: 'tsvm', content: esp }], core });
}
