/** Boots media whose tsvm cannot be loaded, in machines whose own disk could be started. */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import type { Test } from 'tap';
import { assembleBareProgram } from '../../images/bare.js';
import { fatSize, makeFat } from '../../images/fat.js';
import type { Fallback } from '../../images/loader.js';
import { EFI_DEFAULT } from '../../images/loaderCommands.js';
import { root } from '../../linker/paths.js';
import { boot, type Boot, freshImage, temporaryFolder } from '../support/machines/harness.js';
import { type Controller, drive, MACHINE, makeMediumOf, type MediumKind, PXELINUX } from '../support/machines/media.js';

/** The fault of tsvm.bin: `damaged`: its headers are overwritten; `missing`: it is not there. */
export type Fault = 'none' | 'damaged' | 'missing';
/** The boot file that a node loads from a network server. */
export type FirstFile = 'grub.0' | 'tsvm.ipxe' | 'pxelinux.0';

export interface Failure {
  readonly kind: MediumKind;
  readonly from: Controller | FirstFile;
  readonly uefi: boolean;
  readonly fault: Fault;
  readonly options?: string;
  readonly fallback?: Fallback;
}

/** A time in which the machine would have started its own disk. */
const SETTLE_MILLISECONDS = 5000;
/** The message of the loaders. */
export const REFUSED = /tsvm: tsvm\.bin does not start: .*/;
/** The first line of the machine's own disk. */
export const NODE_RUNS = /^bios: start|^guest: an EFI application/m;
/** Makes SeaBIOS show the screen on the serial port, since iPXE writes only to the screen. */
const SCREEN_ON_SERIAL = 'q35,graphics=off';
/** The start of the file with all headers by which boot loaders and UEFI recognize it. */
const HEADER_BYTES = 0x8000;

/** Starts such a machine. The run ends if its own disk starts. */
export async function bootFailure(t: Test, failure: Failure): Promise<Boot> {
  const { kind, from, uefi, fault, options = '', fallback = 'none' } = failure;
  const medium = await makeMediumOf(t, kind, { image: await imageWith(t, fault), options, fallback });
  if (fault === 'missing') await removeImage(kind, medium);
  const first = kind === 'pxe' ? await network(medium, from) : drive(from as Controller, medium, 0);
  const stands = { until: lastWords(failure), settleMilliseconds: SETTLE_MILLISECONDS };
  return boot({
    ...MACHINE,
    ...{ uefi, memory: '512M', cpus: 1, machine: usesScreen(failure) ? SCREEN_ON_SERIAL : 'q35', seconds: 200 },
    extra: [...first, ...drive('nvme', await nodeDisk(t, uefi), 1), '-device', 'isa-debug-exit,iobase=0xf4'],
    ...(fallback === 'none' && fault !== 'none' ? stands : {}),
  });
}

/**
 * The last output if nothing is started. iPXE on a BIOS takes an unknown file that fits below 640 KiB for a PXE program, and runs
 * the bytes that overwrite tsvm's headers: then there is no message.
 */
export function lastWords({ from, uefi, fault }: Failure): RegExp {
  return from === 'tsvm.ipxe' && !uefi && fault === 'damaged' ? /^tsvm\.bin\.\.\. ok$/m : REFUSED;
}

function usesScreen({ from, uefi }: Failure): boolean {
  return !uefi && from === 'tsvm.ipxe';
}

async function imageWith(t: Test, fault: Fault): Promise<string> {
  if (fault === 'none') return freshImage();
  const file = await readFile(await freshImage());
  file.fill(0xff, 0, HEADER_BYTES);
  const image = join(await temporaryFolder(t), 'tsvm.bin');
  await writeFile(image, file);
  return image;
}

async function removeImage(kind: MediumKind, medium: string): Promise<void> {
  if (kind === 'pxe') return rm(join(medium, 'tsvm.bin'));
  const { stdout } = await execa('sfdisk', ['--json', medium]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions: { start: number; type: string }[] };
  };
  const esp = partitiontable.partitions.find(({ type }) => /^ef$|^C12A7328/i.test(type));
  await execa('mdel', ['-i', `${medium}@@${(esp?.start ?? 0) * 512}`, '::tsvm.bin']);
}

/** Options for a network card that loads the file `first` from QEMU's TFTP server. */
async function network(folder: string, first: string): Promise<string[]> {
  for (const file of PXELINUX) await copyFile(file, join(folder, basename(file)));
  const network = `user,id=network,tftp=${folder},bootfile=${first}`;
  return ['-netdev', network, '-device', 'virtio-net,netdev=network,bootindex=0'];
}

/** Makes a disk that firmware boots like that of a node. */
async function nodeDisk(t: Test, uefi: boolean): Promise<string> {
  const folder = await temporaryFolder(t);
  const [program, disk] = [join(folder, 'program'), join(folder, 'disk')];
  await assembleBareProgram(root, uefi ? 'efi' : 'bios', program);
  if (!uefi) return program;
  await makeFat(disk, { bytes: fatSize(0), hiddenSectors: 0 }, [{ path: EFI_DEFAULT, source: program }]);
  return disk;
}
