/** The PE header that makes a file an EFI application (Microsoft's PE Format). runtime-c/setup/pe.inc begins it. */

export interface PeSection {
  readonly name: string;
  readonly memoryBytes: number;
  /** Address relative to the start of the loaded image. */
  readonly address: number;
  readonly fileBytes: number;
  readonly offset: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
}

export interface PeHeader {
  readonly entry: number;
  readonly imageBytes: number;
  readonly checksum: number;
  readonly subsystem: number;
  /** The table of signatures; null if there is none. */
  readonly signatures: { readonly offset: number; readonly bytes: number } | null;
  readonly sections: readonly PeSection[];
}

/** The place of a section in the file and in memory; its flags stay as the header has them. */
export type SectionPlace = Pick<PeSection, 'memoryBytes' | 'address' | 'fileBytes' | 'offset'>;

export const EFI_APPLICATION = 10;

const POINTER = 0x3c;
const MACHINE = 4;
const X86_64 = 0x8664;
const SECTION_COUNT = 6;
const OPTIONAL_BYTES = 20;
const OPTIONAL = 24;
const PE32_PLUS = 0x20b;
/** Offsets in the optional header. */
const CODE_BYTES = 4;
const DATA_BYTES = 8;
const ZEROED_BYTES = 12;
const ENTRY = 16;
const IMAGE_BYTES = 56;
const CHECKSUM = 64;
const SUBSYSTEM = 68;
const SIGNATURES = 112 + 4 * 8;
const LEAST_OPTIONAL_BYTES = SIGNATURES + 8;
const SECTION_BYTES = 40;
const FLAGS = 36;
const EXECUTE = 0x2000_0000;
const READ = 0x4000_0000;
const WRITE = 0x8000_0000;

/** Reads the PE header. Null if `file` does not have the complete header of a 64-bit x86 program. */
export function readPe(file: Buffer): PeHeader | null {
  const start = peOffset(file);
  if (start === null) return null;
  const optional = start + OPTIONAL;
  const table = optional + file.readUInt16LE(start + OPTIONAL_BYTES);
  const count = file.readUInt16LE(start + SECTION_COUNT);
  if (table - optional < LEAST_OPTIONAL_BYTES || table + count * SECTION_BYTES > file.length) return null;
  const [offset, bytes] = [file.readUInt32LE(optional + SIGNATURES), file.readUInt32LE(optional + SIGNATURES + 4)];
  return {
    entry: file.readUInt32LE(optional + ENTRY),
    imageBytes: file.readUInt32LE(optional + IMAGE_BYTES),
    checksum: file.readUInt32LE(optional + CHECKSUM),
    subsystem: file.readUInt16LE(optional + SUBSYSTEM),
    signatures: bytes === 0 ? null : { offset, bytes },
    sections: Array.from({ length: count }, (_, index) => readSection(file, table + index * SECTION_BYTES)),
  };
}

/** Whether `file` has signatures, valid or not. */
export function isSigned(file: Buffer): boolean {
  return (readPe(file)?.signatures ?? null) !== null;
}

/**
 * Sets the places of the first sections, in order, and every field that depends on them. It removes a signature, which would
 * no longer be valid.
 */
export function placeSections(file: Buffer, places: readonly SectionPlace[]): void {
  const start = requirePe(file);
  const optional = start + OPTIONAL;
  const table = optional + file.readUInt16LE(start + OPTIONAL_BYTES);
  file.writeUInt16LE(places.length, start + SECTION_COUNT);
  places.forEach(({ memoryBytes, address, fileBytes, offset }, index) => {
    const fields = [memoryBytes, address, fileBytes, fileBytes === 0 ? 0 : offset];
    fields.forEach((field, at) => file.writeUInt32LE(field, table + index * SECTION_BYTES + 8 + at * 4));
  });
  const [code, ...data] = places;
  const total = (bytes: (place: SectionPlace) => number) => data.reduce((sum, place) => sum + bytes(place), 0);
  const last = places.at(-1);
  file.writeUInt32LE(code?.fileBytes ?? 0, optional + CODE_BYTES);
  file.writeUInt32LE(
    total(({ fileBytes }) => fileBytes),
    optional + DATA_BYTES,
  );
  file.writeUInt32LE(
    total(({ memoryBytes, fileBytes }) => Math.max(0, memoryBytes - fileBytes)),
    optional + ZEROED_BYTES,
  );
  file.writeUInt32LE(alignUp((last?.address ?? 0) + (last?.memoryBytes ?? 0), 0x1000), optional + IMAGE_BYTES);
  file.writeBigUInt64LE(0n, optional + SIGNATURES);
  file.writeUInt32LE(peChecksum(file), optional + CHECKSUM);
}

/** The checksum: the sum of the file's 16-bit words with carries added, without the checksum's own words, plus the length. */
export function peChecksum(file: Buffer): number {
  const own = requirePe(file) + OPTIONAL + CHECKSUM;
  let sum = 0;
  for (let offset = 0; offset < file.length; offset += 2) {
    if (offset === own || offset === own + 2) continue;
    sum += offset + 1 < file.length ? file.readUInt16LE(offset) : file.readUInt8(offset);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum + file.length;
}

export function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function requirePe(file: Buffer): number {
  const start = peOffset(file);
  if (start === null) throw new Error('the file has no PE header of a 64-bit x86 program');
  return start;
}

function peOffset(file: Buffer): number | null {
  if (file.length < POINTER + 4 || file.toString('latin1', 0, 2) !== 'MZ') return null;
  const start = file.readUInt32LE(POINTER);
  if (start + OPTIONAL + LEAST_OPTIONAL_BYTES > file.length) return null;
  if (file.toString('latin1', start, start + 4) !== 'PE\0\0') return null;
  const is64Bit = file.readUInt16LE(start + MACHINE) === X86_64 && file.readUInt16LE(start + OPTIONAL) === PE32_PLUS;
  return is64Bit ? start : null;
}

function readSection(file: Buffer, at: number): PeSection {
  const [memoryBytes = 0, address = 0, fileBytes = 0, offset = 0] = [8, 12, 16, 20].map((field) =>
    file.readUInt32LE(at + field),
  );
  const flags = file.readUInt32LE(at + FLAGS);
  return {
    name: file.toString('latin1', at, at + 8).replace(/\0.*$/s, ''),
    ...{ memoryBytes, address, fileBytes, offset },
    readable: (flags & READ) !== 0,
    writable: (flags & WRITE) !== 0,
    executable: (flags & EXECUTE) !== 0,
  };
}
