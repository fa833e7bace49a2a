/** A CD from which GRUB starts an image or a kernel: for machines that have no loader of their own. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../linker/tools.js';

export interface BootDiscContent {
  /** The hypervisor's image, or null to start the guest's kernel itself. */
  readonly image: string | null;
  readonly options: string;
  readonly kernel: string | null;
  readonly initrd: string | null;
  /** The kernel's command line. */
  readonly append: string;
  /** Commands for GRUB before it loads anything. */
  readonly loaderCommands?: readonly string[];
}

/** GRUB for a BIOS; grub-mkrescue would take those for other firmware, too, where they are installed. */
const GRUB_FOLDER = '/usr/lib/grub/i386-pc';
/** Parts of GRUB that the disc holds; the rest would only make it larger. */
const GRUB_MODULES = 'biosdisk boot iso9660 linux multiboot normal wrmsr';

/** Writes the disc and a folder with its content into `folder`; returns the disc's path. */
export async function makeBootDisc(content: BootDiscContent, folder: string): Promise<string> {
  const disc = join(folder, 'boot.iso');
  const files = join(folder, 'disc');
  await mkdir(join(files, 'boot', 'grub'), { recursive: true });
  for (const name of ['image', 'kernel', 'initrd'] as const) {
    const file = content[name];
    if (file !== null) await copyFile(file, join(files, name));
  }
  await writeFile(join(files, 'boot', 'grub', 'grub.cfg'), menu(content));
  const without = ['--fonts=', '--locales=', '--themes='];
  const parts = ['-d', GRUB_FOLDER, `--install-modules=${GRUB_MODULES}`];
  await runTool('grub-mkrescue', ['-o', disc, ...parts, ...without, files]);
  return disc;
}

/** GRUB's commands (GNU GRUB Manual 2.06, 6 and 16.3). */
function menu({ image, options, kernel, initrd, append, loaderCommands = [] }: BootDiscContent): string {
  const [first, initrdCommand] = image === null ? ['linux', 'initrd'] : ['module', 'module'];
  const commands = [
    'set timeout=0',
    ...loaderCommands,
    ...(image === null ? [] : [`multiboot /image ${quoted(options)}`]),
    ...(kernel === null ? [] : [`${first} /kernel ${quoted(append)}`]),
    ...(initrd === null ? [] : [`${initrdCommand} /initrd`]),
    'boot',
  ];
  return `${commands.join('\n')}\n`;
}

/** Each word in quotes, so that GRUB takes no character of it as its own. */
function quoted(words: string): string {
  return words
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(' ');
}
