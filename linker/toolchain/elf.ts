/** Reads the sections of a 64-bit little-endian ELF file (System V gABI, chapters 4 and 5). */
import { type ImageParts, readParts } from '../formats/image.js';

export interface Section {
  readonly name: string;
  readonly address: bigint;
  readonly offset: number;
  readonly bytes: number;
  /** SHF_ALLOC: the section is in memory when the program runs. */
  readonly loaded: boolean;
  /** SHT_NOBITS: the section has no bytes in the file. */
  readonly zero: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
}

const SHT_NOBITS = 8;
const SHF_WRITE = 1n;
const SHF_ALLOC = 2n;
const SHF_EXECINSTR = 4n;

export function readSections(file: Buffer): Section[] {
  const start = Number(file.readBigUInt64LE(0x28));
  const entryBytes = file.readUInt16LE(0x3a);
  const count = file.readUInt16LE(0x3c);
  const header = (index: number) => file.subarray(start + index * entryBytes, start + (index + 1) * entryBytes);
  const names = Number(header(file.readUInt16LE(0x3e)).readBigUInt64LE(0x18));
  return Array.from({ length: count }, (_, index) => {
    const entry = header(index);
    const nameStart = names + entry.readUInt32LE(0);
    const flags = entry.readBigUInt64LE(0x08);
    return {
      name: file.toString('latin1', nameStart, file.indexOf(0, nameStart)),
      address: entry.readBigUInt64LE(0x10),
      offset: Number(entry.readBigUInt64LE(0x18)),
      bytes: Number(entry.readBigUInt64LE(0x20)),
      loaded: (flags & SHF_ALLOC) !== 0n,
      zero: entry.readUInt32LE(4) === SHT_NOBITS,
      writable: (flags & SHF_WRITE) !== 0n,
      executable: (flags & SHF_EXECINSTR) !== 0n,
    };
  });
}

/** The image within a linked ELF file. It is a view: writing to it changes `elf`. */
export function imageInElf(elf: Buffer): { readonly image: Buffer; readonly parts: ImageParts } {
  const start = readSections(elf).find(({ name }) => name === '.text')?.offset;
  const parts = start === undefined ? null : readParts(elf.subarray(start));
  if (start === undefined || parts === null) throw new Error('the linked file does not begin with header.asm');
  return { image: elf.subarray(start, start + parts.data), parts };
}
