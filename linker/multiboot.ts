/** Checks that a multiboot loader finds in the file what the header promises (Multiboot Specification 0.6.96, 3.1). */
import type { Segment } from './elf.js';

const MAGIC = 0x1bad_b002;
const ADDRESSES_VALID = 1 << 16;
/** The header lies in the first 8 KiB, on a boundary of four bytes. */
const SEARCH_BYTES = 8192;

/**
 * Throws unless the address fields describe the segments: loaders that use them copy one range of the file, and
 * must put each byte where the program headers would.
 */
export function checkMultiboot(file: Buffer, segments: readonly Segment[]): void {
  const header = findHeader(file);
  if (header === null) throw new Error('there is no multiboot header in the first 8 KiB');
  const flags = file.readUInt32LE(header + 4);
  if ((flags & ADDRESSES_VALID) === 0) throw new Error('the multiboot header has no address fields');
  const headerAddress = file.readUInt32LE(header + 12);
  const loadAddress = file.readUInt32LE(header + 16);
  const loadEnd = file.readUInt32LE(header + 20);
  const zeroEnd = file.readUInt32LE(header + 24);
  const fileStart = header - (headerAddress - loadAddress);
  for (const { offset, physical, fileBytes, memoryBytes } of segments) {
    const address = Number(physical);
    const inFile = address - loadAddress + fileStart === offset || fileBytes === 0;
    const loaded = address >= loadAddress && address + fileBytes <= loadEnd;
    const zeroed = address + Number(memoryBytes) <= zeroEnd;
    if (!(inFile && loaded && zeroed)) {
      throw new Error(`the multiboot header does not load the segment at 0x${address.toString(16)}`);
    }
  }
}

/** Where the header is in the file; null when there is none. */
export function findHeader(file: Buffer): number | null {
  for (let offset = 0; offset + 32 <= Math.min(file.length, SEARCH_BYTES); offset += 4) {
    if (file.readUInt32LE(offset) !== MAGIC) continue;
    const sum = MAGIC + file.readUInt32LE(offset + 4) + file.readUInt32LE(offset + 8);
    if (sum >>> 0 === 0) return offset;
  }
  return null;
}
