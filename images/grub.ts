/**
 * Makes GRUB for one medium, with all modules it uses and a configuration. GRUB's own installers for disks need block devices
 * and root; this places the same bytes at the same offsets in a plain file.
 */
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { requireFile, runTool } from '../linker/toolchain/tools.js';
import { cpioArchive } from '../linker/formats/cpio.js';

/** GRUB's names of targets. Each is a folder of /usr/lib/grub, except the one for the network. */
export type GrubTarget = 'i386-pc' | 'i386-pc-pxe' | 'x86_64-efi';

export interface GrubImage {
  readonly target: GrubTarget;
  /** Modules in addition to those of every image. */
  readonly modules: readonly string[];
  /** Its configuration. */
  readonly commands: readonly string[];
}

const LIBRARY = '/usr/lib/grub';
const PACKAGES = { 'i386-pc': 'grub-pc-bin', 'x86_64-efi': 'grub-efi-amd64-bin' } as const;
/** Modules for menus on screen and serial port, and for use of GRUB's shell. */
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

/** Makes GRUB's image in the file `output`. `folder` is for an intermediate file. */
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
  /** The folder with the other files of the disc. */
  readonly files: string;
  /** The file in that folder with the file system from which UEFI boots. */
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
  // If grub-mkrescue is killed, its intermediate files remain: here they are removed together with the disc's files.
  const environment = { TMPDIR: dirname(files) };
  await runTool('grub-mkrescue', ['-o', output, ...target, ...lean, ...efi, files], { environment });
}

/** Installs the GRUB image `core` on a disk, at the sector `coreSector`, and makes the disk start it. */
export async function installGrub(disk: string, core: string, coreSector: number): Promise<void> {
  const image = await readFile(core);
  image.writeBigUInt64LE(BigInt(coreSector + 1), FIRST_BLOCK);
  const first = await readFile(join(LIBRARY, 'i386-pc', 'boot.img'));
  first.writeBigUInt64LE(BigInt(coreSector), CORE_SECTOR);
  // Without this GRUB takes some BIOSes' drive numbers for wrong and uses the first disk instead.
  NO_OPERATIONS.copy(first, DRIVE_CHECK);

  const handle = await open(disk, 'r+');
  await handle.read(first, PARTITION_TABLE, BOOT_SIGNATURE - PARTITION_TABLE, PARTITION_TABLE);
  await handle.write(first, 0, SECTOR, 0);
  await handle.write(image, 0, image.length, coreSector * SECTOR);
  await handle.close();
}
