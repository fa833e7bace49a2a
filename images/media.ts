/** Makes disks and CDs that start a node: tsvm, with or without its guest, and what firmware needs to find it. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isSigned } from '../linker/formats/pe.js';
import { type DiskLabel, firstPartition, makeDisk } from './disk.js';
import { type FatFile, fatSize, makeFat } from './fat.js';
import { checkGrub, makeGrub, makeGrubDisc } from './grub.js';
import { type Fallback, makeLoader } from './loader.js';
import { biosCommands, EFI_DEFAULT } from './loaderCommands.js';

export interface Medium {
  /** An image file of the build or of `tsvm pack`. */
  readonly image: string;
  /** The hypervisor's options. */
  readonly options: string;
  /** What the medium does if tsvm cannot be loaded. */
  readonly fallback: Fallback;
  /** An empty folder for intermediate files. */
  readonly folder: string;
}

const IMAGE = 'tsvm.bin';
const DISK_MODULES = ['fat', 'part_gpt', 'part_msdos', 'biosdisk', 'chain'];
/** GRUB's modules on a disc. They include all kinds of partition table, since the disc's own GRUB asks for each. */
const DISC_MODULES = [
  ...[
    'boot',
    'chain',
    'echo',
    'fat',
    'iso9660',
    'linux',
    'loopback',
    'ls',
    'minicmd',
    'normal',
    'reboot',
    'regexp',
    'serial',
  ],
  ...['sleep', 'terminal', 'test', 'true'],
  ...['acorn', 'amiga', 'apple', 'bsd', 'dfly', 'dvh', 'gpt', 'msdos', 'plan', 'sun', 'sunpc'].map(
    (name) => `part_${name}`,
  ),
];
/** Name of the disc's file that holds the file system from which UEFI boots. */
const DISC_ESP = 'efi.img';

/** Makes a CD for BIOS and UEFI, which also works on a USB stick. GRUB for a BIOS reads the file system of UEFI. */
export async function makeDisc(medium: Medium, output: string): Promise<void> {
  const files = join(medium.folder, 'disc');
  await mkdir(files);
  const path = await makeEsp(medium, 0, join(files, DISC_ESP));
  const commands = [
    'set timeout=0',
    `loopback esp /${DISC_ESP}`,
    ...biosCommands({ ...medium, file: `(esp)/${path}` }),
  ];
  await makeGrubDisc({ files, modules: DISC_MODULES, commands, esp: DISC_ESP }, output);
}

/** Makes a disk with one file system, in which both GRUB for a BIOS and UEFI find tsvm. */
export async function makeBootDisk(medium: Medium, label: DiskLabel, output: string): Promise<void> {
  checkGrub(['i386-pc']);
  const { folder } = medium;
  const esp = join(folder, 'esp');
  const path = await makeEsp(medium, firstPartition(label), esp);
  const core = join(folder, 'core.img');
  const commands = [`search --set=root --file /${path}`, ...biosCommands({ ...medium, file: `/${path}` })];
  await makeGrub({ target: 'i386-pc', modules: DISK_MODULES, commands }, core, folder);
  await makeDisk(output, { label, partitions: [{ type: 'esp', name: 'tsvm', content: esp }], core });
}

/**
 * Writes the file system from which UEFI boots, and returns the path of tsvm in it. UEFI starts the loader, which does not let
 * the firmware go on without tsvm. A signed tsvm is started by UEFI itself, since Secure Boot would refuse the unsigned loader.
 */
async function makeEsp(medium: Medium, hiddenSectors: number, esp: string): Promise<string> {
  const { image, options, fallback, folder } = medium;
  const isStartedItself = options === '' && fallback === 'none' && isSigned(await readFile(image));
  const path = isStartedItself ? EFI_DEFAULT : IMAGE;
  const files: FatFile[] = [{ path, source: image }];
  if (!isStartedItself) {
    const loader = join(folder, 'loader.efi');
    await makeLoader(options, fallback, loader);
    files.push({ path: EFI_DEFAULT, source: loader });
  }
  const sizes = await Promise.all(files.map(async ({ source }) => (await stat(source)).size));
  await makeFat(esp, { bytes: fatSize(sizes.reduce((sum, size) => sum + size, 0)), hiddenSectors }, files);
  return path;
}
