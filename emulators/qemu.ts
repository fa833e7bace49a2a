/** Describes a machine and makes QEMU's command line for it, for `tsvm run`, the tests and the bench. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LoaderCommand, makeBootDisc, writeBundle } from '../images/bootDisc.js';
import { requireFile } from '../linker/toolchain/tools.js';

/** What starts the image: a command of GRUB; or `qemu`: QEMU's own loader, in real mode, and on UEFI the firmware. */
export type Loader = 'qemu' | LoaderCommand;

export interface Machine {
  /** The hypervisor's image, or null to run the guest on the bare machine. */
  readonly image: string | null;
  readonly loader: Loader;
  /** Whether the firmware is UEFI, not a BIOS. */
  readonly uefi: boolean;
  /** The hypervisor's options. */
  readonly options: string;
  /** The guest's kernel; null: the hypervisor gets no guest. */
  readonly kernel: string | null;
  readonly initrd: string | null;
  /** The guest kernel's command line. */
  readonly append: string;
  /** Size as QEMU reads it: 512M, 6G. */
  readonly memory: string;
  readonly cpus: number;
  readonly cpu: string;
  readonly machine: string;
  /** Whether the time is counted in instructions. The same image then gives the same counts. */
  readonly icount: boolean;
  /** The TCP port where QEMU waits for gdb; null: it does not. */
  readonly gdb: number | null;
  /** QEMU's option for the first serial port: `file:NAME`, `stdio`, `mon:stdio`. */
  readonly serial: string;
  /** Whether a reset of the machine ends the run. */
  readonly endOnReset: boolean;
  /** More options for QEMU. */
  readonly extra: readonly string[];
}

export const DEFAULT_MACHINE: Omit<Machine, 'image' | 'kernel' | 'initrd' | 'serial'> = {
  loader: 'qemu',
  uefi: false,
  options: '',
  append: 'console=ttyS0',
  memory: '1G',
  cpus: 1,
  cpu: 'EPYC',
  machine: 'q35',
  icount: false,
  gdb: null,
  endOnReset: false,
  extra: [],
};

/** UEFI firmware of the Debian package ovmf, and the initial variables of a new machine. */
const FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.fd';
const FIRMWARE_VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';

/** Makes QEMU's command line. Writes the files that it needs into `folder`, which must last as long as the machine. */
export async function emulatorParameters(machine: Machine, folder: string): Promise<string[]> {
  return [
    ...['-accel', 'tcg', '-cpu', machine.cpu, '-machine', machine.machine, '-smp', String(machine.cpus)],
    ...['-m', machine.memory, '-display', 'none', '-serial', machine.serial],
    ...(machine.serial === 'mon:stdio' ? [] : ['-monitor', 'none']),
    ...(machine.icount ? ['-icount', 'shift=0,sleep=off'] : []),
    ...(machine.gdb === null ? [] : ['-S', '-gdb', `tcp:127.0.0.1:${machine.gdb}`]),
    ...(machine.endOnReset ? ['-no-reboot'] : []),
    ...(machine.uefi ? await firmwareParameters(folder) : []),
    ...(await bootParameters(machine, folder)),
    ...machine.extra,
  ];
}

async function firmwareParameters(folder: string): Promise<string[]> {
  for (const file of [FIRMWARE, FIRMWARE_VARIABLES]) requireFile(file, 'UEFI firmware for QEMU', 'ovmf');
  const variables = join(folder, 'variables.fd');
  await copyFile(FIRMWARE_VARIABLES, variables);
  const flash = (words: string) => ['-drive', `if=pflash,format=raw,${words}`];
  return [...flash(`readonly=on,file=${FIRMWARE}`), ...flash(`file=${variables}`)];
}

/** Options that boot the image with the guest in a bundle, or from a disc with GRUB. A bare machine boots the guest itself. */
async function bootParameters(machine: Machine, folder: string): Promise<string[]> {
  const { image, loader, options, kernel, initrd, append } = machine;
  if (image === null) {
    return kernel === null
      ? []
      : ['-kernel', kernel, '-append', append, ...(initrd === null ? [] : ['-initrd', initrd])];
  }
  if (loader !== 'qemu') return ['-cdrom', await makeBootDisc({ ...machine, loader }, folder)];
  const bundle = join(folder, 'bundle.cpio');
  const hasGuest = await writeBundle(machine, bundle);
  return ['-kernel', image, '-append', options, ...(hasGuest ? ['-initrd', bundle] : [])];
}

/** Filters QEMU's messages: leaves out the warnings about features that its emulation lacks for every processor model. */
export function* withoutFeatureWarnings(line: unknown): Generator<unknown> {
  if (!String(line).includes("warning: TCG doesn't support requested feature")) yield line;
}
