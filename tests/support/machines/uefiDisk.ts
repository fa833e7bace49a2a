/** Makes disks from which UEFI firmware boots GRUB. GRUB starts the image, and then what the test has chosen. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { fatSize, makeFat } from '../../../images/fat.js';
import { makeGrub } from '../../../images/grub.js';
import { root } from '../../../linker/paths.js';
import { type BootOptions, freshImage, temporaryFolder } from './harness.js';

export interface UefiDisk {
  /** GRUB's commands. The image is /tsvm.bin, and images/bare/efi.asm is /EFI/test/guest.efi. */
  readonly commands: readonly string[];
  /** The image; default: that of the current kernel. */
  readonly image?: string;
}

/** Makes a machine that boots from such a disk. */
export async function withUefiDisk(t: Test, { commands, image }: UefiDisk): Promise<BootOptions> {
  const folder = await temporaryFolder(t);
  const grub = join(folder, 'grub.efi');
  const guest = join(folder, 'guest.efi');
  const disk = join(folder, 'disk.img');
  await makeGrub({ target: 'x86_64-efi', modules: ['chain', 'fat'], commands }, grub, folder);
  await assembleBareProgram(root, 'efi', guest);
  const files = [
    { path: 'EFI/BOOT/BOOTX64.EFI', source: grub },
    { path: 'EFI/test/guest.efi', source: guest },
    { path: 'tsvm.bin', source: image ?? (await freshImage()) },
  ];
  const sizes = await Promise.all(files.map(({ source }) => stat(source)));
  const bytes = fatSize(sizes.reduce((sum, { size }) => sum + size, 0));
  await makeFat(disk, { bytes, hiddenSectors: 0 }, files);
  const extra = ['-drive', `file=${disk},format=raw`, '-net', 'none'];
  return { uefi: true, image: null, kernel: null, initrd: null, memory: '256M', seconds: 60, extra };
}

/** GRUB's commands that find the disk and start the image with these options. */
export function startImage(options: string): string[] {
  return ['search --set=root --file /tsvm.bin', `chainloader /tsvm.bin ${options}`, 'boot'];
}

/** GRUB's commands that start images/bare/efi.asm, which ends the machine's run. */
export const startGuest = ['chainloader /EFI/test/guest.efi', 'boot'];
