/** The file that every boot path starts: the setup part (runtime-c/setup/), the image, and optionally a bundle. */
import { ExitCode, UserError } from '../errors.js';
import { type ImageParts, isWhole, readBundleBytes, readParts, writeBundleBytes } from './image.js';
import { readLinuxHeader, writeLinuxSizes, writeLinuxVersion } from './linuxHeader.js';
import { writeMultibootSizes } from './multiboot.js';
import { alignUp, placeSections, readPe, type SectionPlace } from './pe.js';

/** Offset of the image in the file; for EFI firmware also in memory. */
export const SETUP_BYTES = 0x1000;
const FILE_ALIGNMENT = 512;
const PAGE = 0x1000;
/** Name of the second section (the revocation data that shim reads). */
const SBAT = '.sbat';
const OLD = 'the image is of an older tsvm, without a section .sbat: pack it with that one, or build a new image';
/** Room for a signature. Linux loaders load the whole file, so the header asks for the signature's memory too. */
const SIGNATURE_ROOM = 0x10000;

/** Makes the file of an image without a bundle. */
export function makeFile(setup: Buffer, image: Buffer, version: string): Buffer {
  const parts = readParts(image);
  if (setup.length !== SETUP_BYTES || parts === null || image.length !== parts.data) {
    throw new Error('the setup part or the image is not as runtime-c/ says');
  }
  const file = Buffer.concat([setup, image]);
  writeLinuxVersion(file, version);
  writeMultibootSizes(file.subarray(SETUP_BYTES), parts.data, parts.memory);
  writeLinuxSizes(file, parts.data, linuxMemory(parts.memory));
  placeSections(file, placesOf(parts, parts.data));
  return file;
}

export type FileParts =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole' | 'truncated' | 'damaged'; readonly parts: ImageParts };

/**
 * Finds the parts of a file that makeFile() or packFile() made. `none` also for an image alone: the linker's ELF file has the
 * image at the same offset, but no setup part in front that Linux loaders and UEFI firmware could start.
 */
export function readFileParts(file: Buffer): FileParts {
  const image = file.subarray(SETUP_BYTES);
  const parts = readParts(image);
  if (parts === null || readLinuxHeader(file) === null || readPe(file) === null) return { kind: 'none' };
  const bundle = Number(readBundleBytes(image));
  if (image.length < (bundle === 0 ? parts.data : parts.memory + bundle)) return { kind: 'truncated', parts };
  return { kind: isWhole(image, parts) ? 'whole' : 'damaged', parts };
}

/**
 * Makes a file with `bundle`, which will lie in memory behind the image. `file` is one that makeFile() or packFile() made; its
 * own bundle and signature are left out.
 */
export function packFile(file: Buffer, bundle: Buffer): Buffer {
  const found = readFileParts(file);
  if (found.kind === 'none') throw new Error('the file is not an image of tsvm');
  if (readPe(file)?.sections[1]?.name !== SBAT) throw new UserError(OLD, ExitCode.usage);
  const { data, memory } = found.parts;
  const bytes = alignUp(bundle.length, FILE_ALIGNMENT);
  const packed = Buffer.alloc(SETUP_BYTES + memory + bytes);
  file.copy(packed, 0, 0, SETUP_BYTES + data);
  bundle.copy(packed, SETUP_BYTES + memory);
  const image = packed.subarray(SETUP_BYTES);
  writeBundleBytes(image, bundle.length);
  writeMultibootSizes(image, image.length, 0);
  writeLinuxSizes(packed, image.length, linuxMemory(image.length));
  const place = { address: SETUP_BYTES + memory, offset: SETUP_BYTES + memory, memoryBytes: bytes, fileBytes: bytes };
  placeSections(packed, [...placesOf(found.parts, memory), place]);
  return packed;
}

/** The bundle in a file; null if there is none or it is truncated. */
export function embeddedBundle(file: Buffer, { memory }: ImageParts): Buffer | null {
  const start = SETUP_BYTES + memory;
  const bytes = Number(readBundleBytes(file.subarray(SETUP_BYTES)));
  return bytes === 0 || start + bytes > file.length ? null : file.subarray(start, start + bytes);
}

function linuxMemory(bytes: number): number {
  return alignUp(bytes, PAGE) + SIGNATURE_ROOM;
}

/**
 * The sections of an image of which `bytes` are in the file. The section for revocation takes the whole first page of the
 * constants, zeros included: firmware loads no more of a section than its size in memory, but the checksum covers all.
 */
function placesOf({ text, constants, memory }: ImageParts, bytes: number): SectionPlace[] {
  const place = (start: number, end: number, fileEnd: number): SectionPlace => ({
    ...{ address: SETUP_BYTES + start, offset: SETUP_BYTES + start },
    ...{ memoryBytes: end - start, fileBytes: fileEnd - start },
  });
  return [
    place(0, text, text),
    place(text, text + PAGE, text + PAGE),
    place(text + PAGE, constants, constants),
    place(constants, memory, bytes),
  ];
}
