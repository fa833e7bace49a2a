/** Makes a CD from which GRUB starts an image or a kernel, for emulators that have no loader of their own. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeBundle } from '../linker/formats/bundle.js';
import { makeGrubDisc } from './grub.js';
import { quoted } from './loaderCommands.js';

/** GRUB's commands that start an image. `linux` passes the guest as a bundle, the others pass it as modules. */
export type LoaderCommand = 'multiboot' | 'multiboot2' | 'linux';

export interface BootDiscContent {
  /** The hypervisor's image, or null to start the guest's kernel itself. */
  readonly image: string | null;
  readonly loader: LoaderCommand;
  readonly options: string;
  readonly kernel: string | null;
  readonly initrd: string | null;
  /** The kernel's command line. */
  readonly append: string;
  /** Commands that GRUB runs before it loads anything. */
  readonly loaderCommands?: readonly string[];
}

/** GRUB's modules on the disc; others would only make it larger. */
const GRUB_MODULES = ['acpi', 'biosdisk', 'boot', 'iso9660', 'linux', 'multiboot', 'multiboot2', 'normal', 'wrmsr'];

/** Writes the disc and a folder with its content into `folder`; returns the disc's path. */
export async function makeBootDisc(content: BootDiscContent, folder: string): Promise<string> {
  const disc = join(folder, 'boot.iso');
  const files = join(folder, 'disc');
  await mkdir(files);
  for (const name of ['image', 'kernel', 'initrd'] as const) {
    const file = content[name];
    if (file !== null) await copyFile(file, join(files, name));
  }
  if (content.image !== null && content.loader === 'linux') await writeBundle(content, join(files, 'bundle'));
  await makeGrubDisc({ files, modules: GRUB_MODULES, commands: menu(content) }, disc);
  return disc;
}

/** Writes the bundle of a guest that is given as files. Writes nothing and returns false if there is no guest. */
export async function writeBundle(
  { kernel, initrd, append }: Pick<BootDiscContent, 'kernel' | 'initrd' | 'append'>,
  file: string,
): Promise<boolean> {
  if (kernel === null) return false;
  const parts = { kernel: await readFile(kernel), cmdline: Buffer.from(append) };
  await writeFile(file, makeBundle(initrd === null ? parts : { ...parts, initrd: await readFile(initrd) }));
  return true;
}

/** GRUB's menu (GNU GRUB Manual 2.06, 6 and 16.3). */
function menu(content: BootDiscContent): string[] {
  const { image, loader, options, kernel, loaderCommands = [] } = content;
  const start =
    image === null
      ? guestCommands(content, 'linux', 'initrd')
      : [
          `${loader} /image ${quoted(options)}`,
          ...(loader !== 'linux'
            ? guestCommands(content, MODULE_COMMANDS[loader], MODULE_COMMANDS[loader])
            : kernel === null
              ? []
              : ['initrd /bundle']),
        ];
  return ['set timeout=0', ...loaderCommands, ...start, 'boot'];
}

const MODULE_COMMANDS = { multiboot: 'module', multiboot2: 'module2' } as const;

function guestCommands({ kernel, initrd, append }: BootDiscContent, forKernel: string, forInitrd: string): string[] {
  return [
    ...(kernel === null ? [] : [`${forKernel} /kernel ${quoted(append)}`]),
    ...(initrd === null ? [] : [`${forInitrd} /initrd`]),
  ];
}
