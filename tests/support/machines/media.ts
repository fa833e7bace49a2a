/** Makes media with or without a guest, and describes the machines that start from them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { makeBundle } from '../../../linker/formats/bundle.js';
import type { Guest } from '../../../images/guest.js';
import { makeBootDisk, makeDisc, type Medium } from '../../../images/media.js';
import { makeNetworkTree } from '../../../images/network.js';
import { packFile } from '../../../linker/formats/file.js';
import { defaultGuest, freshImage, temporaryFolder, type BootOptions } from './harness.js';

export type MediumKind = 'iso' | 'disk' | 'usb' | 'pxe';

/** The guest on a medium; null: the guest is the node's own system. */
export type PackedGuest = (Guest & { readonly append: string }) | null;

/** The default guest with a short task: it shows tsvm-stat, prints that it is ready, and powers off. */
export async function briefGuest(): Promise<PackedGuest> {
  return { ...(await defaultGuest()), append: 'console=ttyS0 quiet no_timer_check tsvm.run=poweroff' };
}

/** Writes a medium, which is removed after the test; returns its path. */
export async function makeMedium(t: Test, kind: MediumKind, guest: PackedGuest, options = ''): Promise<string> {
  const image = join(await temporaryFolder(t), 'node.bin');
  const empty = await readFile(await freshImage());
  await writeFile(image, guest === null ? empty : packFile(empty, await bundleOf(guest)));
  return makeMediumOf(t, kind, { image, options, fallback: 'none' });
}

/** Writes a medium with any file in place of tsvm; returns its path. */
export async function makeMediumOf(t: Test, kind: MediumKind, of: Omit<Medium, 'folder'>): Promise<string> {
  const folder = await temporaryFolder(t);
  const medium = { ...of, folder };
  const output = join(folder, kind);
  if (kind === 'iso') await makeDisc(medium, output);
  else if (kind === 'pxe') await makeNetworkTree(medium, output);
  else await makeBootDisk(medium, kind === 'disk' ? 'gpt' : 'mbr', output);
  return output;
}

async function bundleOf({ kernel, initrd, append }: NonNullable<PackedGuest>): Promise<Buffer> {
  return makeBundle({ kernel: await readFile(kernel), initrd: await readFile(initrd), cmdline: Buffer.from(append) });
}

/** QEMU's devices for the controllers of a medium or disk. */
const DEVICES = {
  cd: ['ide-cd,bus=ide.4'],
  ahci: ['ide-hd,bus=ide.0'],
  nvme: ['nvme,serial=disk'],
  usb: ['qemu-xhci', 'usb-storage'],
} as const;
export type Controller = keyof typeof DEVICES;

/** QEMU's options for a drive that discards writes. Firmware boots the first drive. */
export function drive(controller: Controller, file: string, order: number): string[] {
  const id = `drive${order}`;
  const devices: readonly string[] = DEVICES[controller];
  const words = devices.map((name) => (name === devices.at(-1) ? `${name},drive=${id},bootindex=${order}` : name));
  const source = ['-drive', `if=none,id=${id},file=${file},format=raw,snapshot=on`];
  return [...source, ...words.flatMap((word) => ['-device', word])];
}

/** The boot file of pxelinux and the module that it loads, from the Debian packages pxelinux and syslinux-common. */
export const PXELINUX = ['/usr/lib/PXELINUX/pxelinux.0', '/usr/lib/syslinux/modules/bios/ldlinux.c32'];

/** A machine that its firmware boots, without an image for QEMU's loader. */
export const MACHINE: BootOptions = { image: null, kernel: null, initrd: null, cpus: 2, seconds: 400 };
