/** The one file that every boot path starts: the setup part (runtime-c/setup/), the image, and a bundle or none. */
import { ExitCode, UserError } from '../errors.js';
import { type ImageParts, isWhole, readBundleBytes, readParts, writeBundleBytes } from './image.js';
import { readLinuxHeader, writeLinuxSizes, writeLinuxVersion } from './linuxHeader.js';
import { writeMultibootSizes } from './multiboot.js';
import { alignUp, placeSections, readPe, type SectionPlace } from './pe.js';

/** Where the image begins in the file, and in memory for EFI firmware. */
export const SETUP_BYTES = 0x1000;
const FILE_ALIGNMENT = 512;
const PAGE = 0x1000;
/** The second section. */
const SBAT = '.sbat';
const OLD = 'the image is of an older tsvm, without a section .sbat: pack it with that one, or build a new image';
/** Loaders for Linux take the whole file, so room is asked for what signs it, too. */
const SIGNATURE_ROOM = 0x10000;

/** The file of an image without a bundle. */
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
 * What a file holds that makeFile() or packFile() made, or that looks like it. The image alone is none: the linker's own
 * file has it at the same place, but nothing in front that loaders for Linux and UEFI firmware could start.
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
 * The same with `bundle` in it, which then lies in memory behind the image. `file` is one that makeFile() or
 * packFile() made; a bundle or a signature that it has is left behind.
 */
export function packFile(file: Buffer, bundle: Buffer): Buffer {
  const found = readFileParts(file);
  if (found.kind === 'none') throw new Error('the file is no image of tsvm');
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

/** The bundle in a file that has one whole; null where it has none, or a part of one. */
export function embeddedBundle(file: Buffer, { memory }: ImageParts): Buffer | null {
  const start = SETUP_BYTES + memory;
  const bytes = Number(readBundleBytes(file.subarray(SETUP_BYTES)));
  return bytes === 0 || start + bytes > file.length ? null : file.subarray(start, start + bytes);
}

function linuxMemory(bytes: number): number {
  return alignUp(bytes, PAGE) + SIGNATURE_ROOM;
}

/**
 * The sections of an image of which `bytes` are in the file. The first page of the constants is for revocation, zeros at its
 * end and all: firmware loads no more of a section than it has in memory, and the image is summed as a whole.
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
