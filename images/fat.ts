/** Makes FAT32 file systems in plain files with mtools, without mounting or root. */
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { runTool } from '../linker/toolchain/tools.js';

export interface FatFile {
  /** Path below the root, with slashes: EFI/BOOT/BOOTX64.EFI. */
  readonly path: string;
  /** The file with its content. */
  readonly source: string;
}

const MEBIBYTE = 1 << 20;
const SECTOR = 512;
/** The smallest size. Below about 33 MiB there are too few clusters for FAT32, which UEFI 2.10, 13.3 requires of a disk. */
const LEAST_BYTES = 36 * MEBIBYTE;
/** A fixed serial number, so that equal files give equal bytes. */
const SERIAL = '7473766d';

/** The size for files of `bytes` in total: whole MiB, with room for the file system's own tables. */
export function fatSize(bytes: number): number {
  const needed = Math.ceil((bytes * 1.02) / MEBIBYTE) * MEBIBYTE + 2 * MEBIBYTE;
  return Math.max(needed, LEAST_BYTES);
}

/** Writes a file system of `bytes` into the new file `file`. On the disk, `hiddenSectors` lie in front of it. */
export async function makeFat(
  file: string,
  { bytes, hiddenSectors }: { bytes: number; hiddenSectors: number },
  files: readonly FatFile[],
): Promise<void> {
  const handle = await open(file, 'w');
  await handle.truncate(bytes);
  await handle.close();
  // The geometry that BIOSes report for disks of this size.
  const geometry = ['-h', '255', '-s', '63', '-T', String(bytes / SECTOR), '-H', String(hiddenSectors)];
  await mtools('mformat', ['-i', file, '-F', '-c', '1', '-v', 'TSVM', '-N', SERIAL, ...geometry, '::']);
  for (const folder of foldersOf(files)) await mtools('mmd', ['-i', file, `::${folder}`]);
  for (const { path, source } of files) await mtools('mcopy', ['-i', file, source, `::${path}`]);
}

/** Each folder that a file lies in, the outer ones first. */
function foldersOf(files: readonly FatFile[]): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) folders.add(folder);
  }
  return [...folders].sort();
}

/** Runs a program of mtools. SOURCE_DATE_EPOCH sets all time stamps, so that they do not depend on the time of the run. */
async function mtools(tool: 'mformat' | 'mmd' | 'mcopy', parameters: readonly string[]): Promise<void> {
  await runTool(tool, parameters, {
    environment: { SOURCE_DATE_EPOCH: '1577836800', TZ: 'UTC', MTOOLS_SKIP_CHECK: '1' },
  });
}
