/** Writes disk images with partitions as plain files, without loop devices or root. Equal parts give equal bytes. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { runTool } from '../linker/toolchain/tools.js';
import { installGrub } from './grub.js';

export type PartitionType = 'esp' | 'linux';

export interface Partition {
  readonly type: PartitionType;
  /** The name in the table. The partition's identifier is derived from it. */
  readonly name: string;
  /** The file with the partition's content. Its size, whole MiB, is the partition's size. */
  readonly content: string;
}

/** The kind of partition table. `mbr` is for portable media: old BIOSes and other systems can read it. */
export type DiskLabel = 'gpt' | 'mbr';

export interface DiskContent {
  readonly label: DiskLabel;
  /** The partitions in their order on the disk. */
  readonly partitions: readonly Partition[];
  /** GRUB's core image for a BIOS, smaller than 960 KiB. */
  readonly core: string;
}

const SECTOR = 512;
const MEBIBYTE = 1 << 20;
const SECTORS_IN_MEBIBYTE = MEBIBYTE / SECTOR;
/** First sector of GRUB's core image: in its own partition of a GPT; between MBR and the first partition otherwise. */
const CORE_SECTOR = { gpt: SECTORS_IN_MEBIBYTE, mbr: 1 };
const FIRST_PARTITION = { gpt: 2 * SECTORS_IN_MEBIBYTE, mbr: SECTORS_IN_MEBIBYTE };

/** Partition types (UEFI 2.10, table 5.7; GNU GRUB Manual 2.06, 3.4). */
const GPT_TYPES = {
  bios: '21686148-6449-6E6F-744E-656564454649',
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
};
const MBR_TYPES = { esp: 'ef', linux: '83' };

/** The start of the first partition, in sectors. */
export function firstPartition(label: DiskLabel): number {
  return FIRST_PARTITION[label];
}

/** Writes the disk into the file `output`. */
export async function makeDisk(output: string, content: DiskContent): Promise<void> {
  const { partitions, label, core } = content;
  const sizes = await Promise.all(partitions.map(async (partition) => (await stat(partition.content)).size));
  const starts = startsOf(label, sizes);
  const end = (starts.at(-1) ?? 0) * SECTOR + (sizes.at(-1) ?? 0);
  const handle = await open(output, 'w');
  // The last MiB holds the second copy of a GPT.
  await handle.truncate(end + MEBIBYTE);
  await handle.close();
  const table = label === 'gpt' ? gptLines(partitions, starts, sizes) : mbrLines(partitions, starts, sizes);
  await runTool('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', output], { input: table.join('\n') });
  await installGrub(output, core, CORE_SECTOR[label]);
  for (const [index, partition] of partitions.entries()) {
    await copySparse(partition.content, output, (starts[index] ?? 0) * SECTOR);
  }
}

function startsOf(label: DiskLabel, sizes: readonly number[]): number[] {
  let next = FIRST_PARTITION[label];
  return sizes.map((bytes) => {
    const start = next;
    next += bytes / SECTOR;
    return start;
  });
}

/** Describes a GPT in the language of sfdisk(8). */
function gptLines(partitions: readonly Partition[], starts: readonly number[], sizes: readonly number[]): string[] {
  const line = (type: keyof typeof GPT_TYPES, name: string, start: number, sectors: number) =>
    `start=${start}, size=${sectors}, type=${GPT_TYPES[type]}, uuid=${identifier(name)}, name="${name}"`;
  return [
    'label: gpt',
    `label-id: ${identifier(partitions.map(({ name }) => name).join())}`,
    line('bios', 'grub', CORE_SECTOR.gpt, FIRST_PARTITION.gpt - CORE_SECTOR.gpt),
    ...partitions.map(({ type, name }, i) => line(type, name, starts[i] ?? 0, (sizes[i] ?? 0) / SECTOR)),
    '',
  ];
}

/** Describes an MBR for sfdisk(8). The first partition is active, since some BIOSes do not boot a disk without an active one. */
function mbrLines(partitions: readonly Partition[], starts: readonly number[], sizes: readonly number[]): string[] {
  return [
    'label: dos',
    'label-id: 0x7473766d',
    ...partitions.map(
      ({ type }, i) =>
        `start=${starts[i] ?? 0}, size=${(sizes[i] ?? 0) / SECTOR}, type=${MBR_TYPES[type]}${i === 0 ? ', bootable' : ''}`,
    ),
    '',
  ];
}

/** A GUID that depends only on the name (RFC 9562, 5.8: version 8, with vendor-specific content). */
function identifier(name: string): string {
  const bytes = createHash('sha256').update(`tsvm ${name}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    .toUpperCase();
}

/** Copies a file and skips blocks of zeros, so that the copy stays sparse. */
async function copySparse(source: string, target: string, offset: number): Promise<void> {
  const handle = await open(target, 'r+');
  const zeros = Buffer.alloc(MEBIBYTE);
  let position = offset;
  for await (const chunk of createReadStream(source, { highWaterMark: MEBIBYTE })) {
    const bytes = chunk as Buffer;
    if (!bytes.equals(zeros.subarray(0, bytes.length))) await handle.write(bytes, 0, bytes.length, position);
    position += bytes.length;
  }
  await handle.close();
}
