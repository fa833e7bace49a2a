/** The setup header by which Linux boot loaders start a file (Linux, Documentation/arch/x86/boot.rst). */

export interface LinuxHeader {
  /** Version of the boot protocol; 0x020f is 2.15. */
  readonly protocol: number;
  /** Size of the real-mode part, which precedes the protected-mode part. */
  readonly setupBytes: number;
  readonly imageBytes: number;
  readonly relocatable: boolean;
  readonly entry64: boolean;
  readonly aboveFourGib: boolean;
  readonly preferredAddress: number;
  readonly memoryBytes: number;
  /** The version text in the file. */
  readonly version: string;
}

const SECTOR = 512;
const PARAGRAPH = 16;
const SETUP_SECTORS = 0x1f1;
const IMAGE_PARAGRAPHS = 0x1f4;
const MAGIC = 0x202;
const PROTOCOL = 0x206;
const VERSION = 0x20e;
const RELOCATABLE = 0x234;
const FLAGS = 0x236;
const ENTRY_64 = 1 << 0;
const ABOVE_FOUR_GIB = 1 << 1;
const PREFERRED_ADDRESS = 0x258;
const MEMORY_BYTES = 0x260;
const HEADER_END = 0x268;

/** Reads the setup header. Null if `file` is not a bzImage of protocol 2.12 or later. */
export function readLinuxHeader(file: Buffer): LinuxHeader | null {
  if (file.length < HEADER_END || file.toString('latin1', MAGIC, MAGIC + 4) !== 'HdrS') return null;
  const protocol = file.readUInt16LE(PROTOCOL);
  if (protocol < 0x020c) return null;
  const flags = file.readUInt16LE(FLAGS);
  const version = file.readUInt16LE(VERSION) + 0x200;
  return {
    protocol,
    setupBytes: (file.readUInt8(SETUP_SECTORS) + 1) * SECTOR,
    imageBytes: file.readUInt32LE(IMAGE_PARAGRAPHS) * PARAGRAPH,
    relocatable: file.readUInt8(RELOCATABLE) !== 0,
    entry64: (flags & ENTRY_64) !== 0,
    aboveFourGib: (flags & ABOVE_FOUR_GIB) !== 0,
    preferredAddress: Number(file.readBigUInt64LE(PREFERRED_ADDRESS)),
    memoryBytes: file.readUInt32LE(MEMORY_BYTES),
    version: file.toString('latin1', version, file.indexOf(0, version)),
  };
}

/** Sets the sizes of the protected-mode part in the file and in memory. */
export function writeLinuxSizes(file: Buffer, imageBytes: number, memoryBytes: number): void {
  file.writeUInt32LE(Math.ceil(imageBytes / PARAGRAPH), IMAGE_PARAGRAPHS);
  file.writeUInt32LE(memoryBytes, MEMORY_BYTES);
}

/** Sets the version text, of at most 63 characters. */
export function writeLinuxVersion(file: Buffer, text: string): void {
  const start = file.readUInt16LE(VERSION) + 0x200;
  file.write(`${text.slice(0, 63)}\0`, start, 'latin1');
}
