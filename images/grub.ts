/**
 * GRUB, made for one medium: what holds every module it uses, and a configuration. Its own installers for disks want
 * block devices and root; this places the same bytes at the same offsets in a plain file.
 */
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requireFile, runTool } from '../linker/toolchain/tools.js';
import { cpioArchive } from '../linker/formats/cpio.js';

/** What GRUB calls its targets; each is a folder of /usr/lib/grub, but for the network one. */
export type GrubTarget = 'i386-pc' | 'i386-pc-pxe' | 'x86_64-efi';

export interface GrubImage {
  readonly target: GrubTarget;
  /** Besides those that every image holds. */
  readonly modules: readonly string[];
  /** Its configuration. */
  readonly commands: readonly string[];
}

const LIBRARY = '/usr/lib/grub';
const PACKAGES = { 'i386-pc': 'grub-pc-bin', 'x86_64-efi': 'grub-efi-amd64-bin' } as const;
/** For menus on screen and serial port, and for looking around in GRUB's shell. */
const COMMON_MODULES = [
  ...['boot', 'cat', 'configfile', 'echo', 'halt', 'help', 'linux', 'ls', 'memdisk', 'minicmd', 'newc', 'normal'],
  ...['reboot', 'search', 'search_fs_file', 'search_label', 'serial', 'sleep', 'terminal', 'test', 'true', 'regexp'],
];
const SECTOR = 512;

/** Fields of boot.img, the first sector (GRUB 2.06, grub-core/boot/i386/pc/boot.S). */
const CORE_SECTOR = 0x5c;
const DRIVE_CHECK = 0x66;
const PARTITION_TABLE = 0x1b8;
const BOOT_SIGNATURE = 0x1fe;
/** The first entry of the list of blocks that ends the core's first sector (diskboot.S). */
const FIRST_BLOCK = 0x1f4;
const NO_OPERATIONS = Buffer.from([0x90, 0x90]);

/** Throws a UserError that names the package when a target of GRUB is not installed. */
export function checkGrub(targets: readonly (keyof typeof PACKAGES)[]): void {
  for (const target of targets) {
    requireFile(join(LIBRARY, target, 'moddep.lst'), `GRUB for ${target}`, PACKAGES[target]);
  }
}

/** Makes GRUB's image in the file `output`; `folder` is for a file in between. */
export async function makeGrub(image: GrubImage, output: string, folder: string): Promise<void> {
  const { target, modules, commands } = image;
  const memory = join(folder, `${target}.cpio`);
  const configuration = Buffer.from(`${commands.join('\n')}\n`);
  await writeFile(memory, cpioArchive([{ kind: 'file', path: 'grub.cfg', mode: 0o444, content: configuration }]));
  const parameters = ['-O', target, '-o', output, '-m', memory, '-p', '(memdisk)/'];
  await runTool('grub-mkimage', [...parameters, ...COMMON_MODULES, ...modules]);
}

/** A CD from which a BIOS starts GRUB. */
export interface GrubDisc {
  /** The folder with what else the disc holds. */
  readonly files: string;
  /** The file there that holds the file system that UEFI starts from. */
  readonly esp?: string;
  readonly modules: readonly string[];
  /** Its configuration. */
  readonly commands: readonly string[];
}

/** Makes the disc in the file `output`. */
export async function makeGrubDisc({ files, esp, modules, commands }: GrubDisc, output: string): Promise<void> {
  checkGrub(['i386-pc']);
  await mkdir(join(files, 'boot', 'grub'), { recursive: true });
  await writeFile(join(files, 'boot', 'grub', 'grub.cfg'), `${commands.join('\n')}\n`);
  const target = ['-d', join(LIBRARY, 'i386-pc')];
  const efi = esp === undefined ? [] : ['--efi-boot', esp, '-efi-boot-part', '--efi-boot-image'];
  const lean = ['--fonts=', '--locales=', '--themes=', `--install-modules=${modules.join(' ')}`];
  // Its own files in between stay behind where it is ended, unless they go with the disc's.
  const environment = { TMPDIR: dirname(files) };
  await runTool('grub-mkrescue', ['-o', output, ...target, ...lean, ...efi, files], { environment });
}

/** Makes a disk start the image of GRUB in `core`, which it puts at the sector `coreSector`. */
export async function installGrub(disk: string, core: string, coreSector: number): Promise<void> {
  const image = await readFile(core);
  image.writeBigUInt64LE(BigInt(coreSector + 1), FIRST_BLOCK);
  const first = await readFile(join(LIBRARY, 'i386-pc', 'boot.img'));
  first.writeBigUInt64LE(BigInt(coreSector), CORE_SECTOR);
  // Else a BIOS's drive number is taken for wrong, and the first disk is used instead.
  NO_OPERATIONS.copy(first, DRIVE_CHECK);

  const handle = await open(disk, 'r+');
  await handle.read(first, PARTITION_TABLE, BOOT_SIGNATURE - PARTITION_TABLE, PARTITION_TABLE);
  await handle.write(first, 0, SECTOR, 0);
  await handle.write(image, 0, image.length, coreSector * SECTOR);
  await handle.close();
}
