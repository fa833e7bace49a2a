/** Makes the files that a network server holds for nodes that boot from it. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkGrub, makeGrub } from './grub.js';
import { biosCommands, ipxeScript, pxelinuxConfiguration } from './loaderCommands.js';
import type { Medium } from './media.js';

const IMAGE = 'tsvm.bin';
const GRUB = 'grub.0';

/**
 * Fills the folder `output` for a TFTP or HTTP server: `tsvm.ipxe` for iPXE; `grub.0`, the boot file for a BIOS; a
 * configuration for pxelinux; and `tsvm.bin`, the boot file for UEFI, where only iPXE can pass options.
 */
export async function makeNetworkTree(medium: Medium, output: string): Promise<void> {
  checkGrub(['i386-pc']);
  const { image, options, fallback, folder } = medium;
  const start = { file: IMAGE, options, fallback };
  await mkdir(join(output, 'pxelinux.cfg'), { recursive: true });
  await copyFile(image, join(output, IMAGE));
  await writeText(join(output, 'tsvm.ipxe'), ipxeScript(start));
  await writeText(join(output, 'pxelinux.cfg', 'default'), pxelinuxConfiguration(GRUB, fallback));

  // GRUB loads the file from the server and the folder that GRUB itself came from.
  const commands = biosCommands({ ...start, file: `$cmdpath/${IMAGE}` });
  const bios = { target: 'i386-pc-pxe', modules: ['pxe', 'tftp', 'biosdisk', 'chain'], commands } as const;
  await makeGrub(bios, join(output, GRUB), folder);
}

function writeText(file: string, lines: readonly string[]): Promise<void> {
  return writeFile(file, `${lines.join('\n')}\n`);
}
