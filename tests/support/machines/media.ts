/** Media with a guest or without, and the machines that start from them. */
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

/** Null: the node's own system is the guest. */
export type PackedGuest = (Guest & { readonly append: string }) | null;

/** What the default guest does: it shows tsvm-stat, says that it is ready, and powers off. */
export async function briefGuest(): Promise<PackedGuest> {
  return { ...(await defaultGuest()), append: 'console=ttyS0 quiet no_timer_check tsvm.run=poweroff' };
}

/** Writes the medium for the time of the test; returns its path. */
export async function makeMedium(t: Test, kind: MediumKind, guest: PackedGuest, options = ''): Promise<string> {
  const image = join(await temporaryFolder(t), 'node.bin');
  const empty = await readFile(await freshImage());
  await writeFile(image, guest === null ? empty : packFile(empty, await bundleOf(guest)));
  return makeMediumOf(t, kind, { image, options, fallback: 'none' });
}

/** The same of any file that stands for tsvm. */
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

/** The controller that a medium or a disk is behind. */
const DEVICES = {
  cd: ['ide-cd,bus=ide.4'],
  ahci: ['ide-hd,bus=ide.0'],
  nvme: ['nvme,serial=disk'],
  usb: ['qemu-xhci', 'usb-storage'],
} as const;
export type Controller = keyof typeof DEVICES;

/** QEMU's words for a drive that forgets what is written to it; the first one is what firmware starts. */
export function drive(controller: Controller, file: string, order: number): string[] {
  const id = `drive${order}`;
  const devices: readonly string[] = DEVICES[controller];
  const words = devices.map((name) => (name === devices.at(-1) ? `${name},drive=${id},bootindex=${order}` : name));
  const source = ['-drive', `if=none,id=${id},file=${file},format=raw,snapshot=on`];
  return [...source, ...words.flatMap((word) => ['-device', word])];
}

/** The first file of pxelinux, and what that loads, from the Debian packages pxelinux and syslinux-common. */
export const PXELINUX = ['/usr/lib/PXELINUX/pxelinux.0', '/usr/lib/syslinux/modules/bios/ldlinux.c32'];

/** A machine that only its firmware starts. */
export const MACHINE: BootOptions = { image: null, kernel: null, initrd: null, cpus: 2, seconds: 400 };
