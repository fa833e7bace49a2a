/** Tells from a file alone how a node can be started with it. */
import { createHash } from 'node:crypto';
import { type Bundle, readBundle, readPart } from './bundle.js';
import { embeddedBundle, readFileParts, SETUP_BYTES } from './file.js';
import { type ImageParts, readBuildId, readBundleBytes } from './image.js';
import { type LinuxHeader, readLinuxHeader } from './linuxHeader.js';
import { type MultibootHeader, readMultiboot, readMultiboot2 } from './multiboot.js';
import { type ImageOption, readOptions } from './options.js';
import { EFI_APPLICATION, type PeHeader, peChecksum, readPe } from './pe.js';

export type Format = 'bzImage' | 'multiboot' | 'multiboot2' | 'EFI application' | 'bundle';

export interface Inspection {
  readonly bytes: number;
  readonly sha256: string;
  readonly formats: readonly Format[];
  /** Null if the file is not an image of tsvm. */
  readonly tsvm: TsvmImage | null;
  readonly linux: LinuxHeader | null;
  readonly multiboot: MultibootHeader | null;
  readonly multiboot2: MultibootHeader | null;
  readonly efi: (PeHeader & { readonly checksumMatches: boolean; readonly isTruncated: boolean }) | null;
  /** The bundle in the file; or the file itself, if it is a bundle. */
  readonly bundle: Bundle | null;
}

export interface TsvmImage {
  readonly state: 'whole' | 'truncated' | 'damaged';
  readonly buildId: string;
  readonly memoryBytes: number;
  readonly options: readonly ImageOption[];
  /** Size of the bundle according to the header. */
  readonly bundleBytes: number;
}

export function inspectFile(file: Buffer): Inspection {
  const linux = readLinuxHeader(file);
  const multiboot = readMultiboot(file);
  const multiboot2 = readMultiboot2(file);
  const pe = readPe(file);
  const found = readFileParts(file);
  const archive = found.kind === 'none' ? file : embeddedBundle(file, found.parts);
  const bundle = archive === null ? null : readBundle(archive, found.kind !== 'none');
  const efi = pe?.subsystem === EFI_APPLICATION ? pe : null;
  const formats: [Format, unknown][] = [
    ['bzImage', linux],
    ['multiboot', multiboot],
    ['multiboot2', multiboot2],
    ['EFI application', efi],
    ['bundle', found.kind === 'none' ? bundle : null],
  ];
  return {
    bytes: file.length,
    sha256: createHash('sha256').update(file).digest('hex'),
    formats: formats.filter(([, header]) => header !== null).map(([name]) => name),
    tsvm: found.kind === 'none' ? null : tsvmImage(file, found.kind, found.parts),
    ...{ linux, multiboot, multiboot2, bundle },
    efi:
      efi === null
        ? null
        : { ...efi, checksumMatches: peChecksum(file) === efi.checksum, isTruncated: isTruncated(file, efi) },
  };
}

/** The hypervisor's options in the bundle of a file; empty if there are none. */
export function packedOptions(file: Buffer): string {
  const found = readFileParts(file);
  const bundle = found.kind === 'none' ? null : embeddedBundle(file, found.parts);
  return (bundle === null ? null : readPart(bundle, 'options'))?.toString('latin1').trim() ?? '';
}

function tsvmImage(file: Buffer, state: TsvmImage['state'], parts: ImageParts): TsvmImage {
  const image = file.subarray(SETUP_BYTES);
  return {
    state,
    buildId: readBuildId(image),
    memoryBytes: parts.memory,
    options: readOptions(image, parts),
    bundleBytes: Number(readBundleBytes(image)),
  };
}

function isTruncated({ length }: Buffer, { sections, signatures }: PeHeader): boolean {
  const ends = [
    ...sections,
    ...(signatures === null ? [] : [{ offset: signatures.offset, fileBytes: signatures.bytes }]),
  ];
  return ends.some(({ offset, fileBytes }) => offset + fileBytes > length);
}
