/** What a network server holds for nodes that start from it. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkGrub, makeGrub } from './grub.js';
import { biosCommands } from './loaderCommands.js';
import type { Medium } from './media.js';

const IMAGE = 'tsvm.bin';

/**
 * Fills the folder `output` for a TFTP or HTTP server: `tsvm.ipxe` for iPXE; `grub.0`, the first file for a BIOS; a
 * configuration for pxelinux; and `tsvm.bin`, the first file for UEFI, where only iPXE can hand options over.
 */
export async function makeNetworkTree(medium: Medium, output: string): Promise<void> {
  checkGrub(['i386-pc']);
  const { image, options, folder } = medium;
  await mkdir(join(output, 'pxelinux.cfg'), { recursive: true });
  await copyFile(image, join(output, IMAGE));
  await writeText(join(output, 'tsvm.ipxe'), ['#!ipxe', `kernel ${IMAGE} ${options}`.trim(), 'boot']);
  const pxelinux = [
    'default tsvm',
    'label tsvm',
    `  linux ${IMAGE}`,
    ...(options === '' ? [] : [`  append ${options}`]),
  ];
  await writeText(join(output, 'pxelinux.cfg', 'default'), pxelinux);

  // GRUB asks the server that it came from, in the folder that it came from.
  const start = { file: `$cmdpath/${IMAGE}`, options };
  const bios = { target: 'i386-pc-pxe', modules: ['pxe', 'tftp'], commands: biosCommands(start) } as const;
  await makeGrub(bios, join(output, 'grub.0'), folder);
}

function writeText(file: string, lines: readonly string[]): Promise<void> {
  return writeFile(file, `${lines.join('\n')}\n`);
}
