/** Disks and CDs that start a node: tsvm, with its guest or without, and what firmware needs to find it. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isSigned } from '../linker/formats/pe.js';
import { type DiskLabel, firstPartition, makeDisk } from './disk.js';
import { type FatFile, fatSize, makeFat } from './fat.js';
import { checkGrub, makeGrub, makeGrubDisc } from './grub.js';
import { type Fallback, makeLoader } from './loader.js';
import { biosCommands, EFI_DEFAULT } from './loaderCommands.js';

export interface Medium {
  /** A file that the build or `tsvm pack` made. */
  readonly image: string;
  /** The hypervisor's options. */
  readonly options: string;
  /** What follows where tsvm cannot be loaded. */
  readonly fallback: Fallback;
  /** An empty folder for files in between. */
  readonly folder: string;
}

const IMAGE = 'tsvm.bin';
const DISK_MODULES = ['fat', 'part_gpt', 'part_msdos', 'biosdisk', 'chain'];
/** All tables of partitions are among them: the disc's own GRUB asks for each. */
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
/** The file system that UEFI starts from, among the disc's files. */
const DISC_ESP = 'efi.img';

/** A CD for BIOS and UEFI, which may be written to a USB stick as it is. A BIOS's GRUB looks into the file system of UEFI. */
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

/** A disk with one file system, in which a BIOS's GRUB finds tsvm, and so does UEFI. */
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
 * Writes the file system that UEFI starts from; returns where tsvm is in it. UEFI starts the loader, which does not let the
 * firmware go on without tsvm. A signed file it starts itself: with Secure Boot nothing else starts, the loader neither.
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
