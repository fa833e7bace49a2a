/** What a network server holds for nodes that start from it. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkGrub, makeGrub } from './grub.js';
import { biosCommands, ipxeScript, pxelinuxConfiguration } from './loaderCommands.js';
import type { Medium } from './media.js';

const IMAGE = 'tsvm.bin';
const GRUB = 'grub.0';

/**
 * Fills the folder `output` for a TFTP or HTTP server: `tsvm.ipxe` for iPXE; `grub.0`, the first file for a BIOS; a
 * configuration for pxelinux; and `tsvm.bin`, the first file for UEFI, where only iPXE can hand options over.
 */
export async function makeNetworkTree(medium: Medium, output: string): Promise<void> {
  checkGrub(['i386-pc']);
  const { image, options, fallback, folder } = medium;
  const start = { file: IMAGE, options, fallback };
  await mkdir(join(output, 'pxelinux.cfg'), { recursive: true });
  await copyFile(image, join(output, IMAGE));
  await writeText(join(output, 'tsvm.ipxe'), ipxeScript(start));
  await writeText(join(output, 'pxelinux.cfg', 'default'), pxelinuxConfiguration(GRUB, fallback));

  // GRUB asks the server that it came from, in the folder that it came from.
  const commands = biosCommands({ ...start, file: `$cmdpath/${IMAGE}` });
  const bios = { target: 'i386-pc-pxe', modules: ['pxe', 'tftp', 'biosdisk', 'chain'], commands } as const;
  await makeGrub(bios, join(output, GRUB), folder);
}

function writeText(file: string, lines: readonly string[]): Promise<void> {
  return writeFile(file, `${lines.join('\n')}\n`);
}
