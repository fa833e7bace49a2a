/** The headers by which Multiboot loaders start a file: specifications 0.6.96, 3.1, and 2.0, 3.1. */

/** What a loader loads, and where to. All are addresses in memory, except `header`, which is an offset in the file. */
export interface MultibootHeader {
  readonly header: number;
  readonly headerAddress: number;
  readonly loadAddress: number;
  /** End address of the bytes loaded from the file; 0 loads the whole file. */
  readonly loadEnd: number;
  /** End address of the memory zeroed behind them; 0 zeroes nothing. */
  readonly zeroEnd: number;
  readonly entry: number;
}

const MAGIC = 0x1bad_b002;
const ADDRESSES_VALID = 1 << 16;
const SEARCH_BYTES = 8192;
const BYTES = 32;
const ADDRESSES = 12;
const ENTRY = 28;

const MAGIC_2 = 0xe852_50d6;
const SEARCH_BYTES_2 = 32_768;
const TAGS = 16;
const TAG_END = 0;
const TAG_ADDRESSES = 2;
const ADDRESSES_BYTES = 24;
const TAG_ENTRY = 3;
const ENTRY_BYTES = 12;

/** Reads the Multiboot header. Null if there is none, or if it has no addresses. */
export function readMultiboot(file: Buffer): MultibootHeader | null {
  const header = findHeader(file);
  if (header === null || (file.readUInt32LE(header + 4) & ADDRESSES_VALID) === 0) return null;
  return { header, ...readAddresses(file, header + ADDRESSES), entry: file.readUInt32LE(header + ENTRY) };
}

/** Reads the Multiboot2 header. Null if there is none, or if it lacks the address tag or the entry tag. */
export function readMultiboot2(file: Buffer): MultibootHeader | null {
  const header = findHeader2(file);
  if (header === null) return null;
  const addresses = findTag(file, header, TAG_ADDRESSES, ADDRESSES_BYTES);
  const entry = findTag(file, header, TAG_ENTRY, ENTRY_BYTES);
  if (addresses === null || entry === null) return null;
  return { header, ...readAddresses(file, addresses + 8), entry: file.readUInt32LE(entry + 8) };
}

/** Sets in both headers how much of the file is loaded and how much memory it needs; 0: as much as is loaded. */
export function writeMultibootSizes(file: Buffer, loadBytes: number, memoryBytes: number): void {
  const header = findHeader(file);
  const header2 = findHeader2(file);
  const tag = header2 === null ? null : findTag(file, header2, TAG_ADDRESSES, ADDRESSES_BYTES);
  if (header === null || tag === null) throw new Error('the image has no multiboot headers');
  for (const addresses of [header + ADDRESSES, tag + 8]) {
    const { loadAddress } = readAddresses(file, addresses);
    file.writeUInt32LE(loadAddress + loadBytes, addresses + 8);
    file.writeUInt32LE(memoryBytes === 0 ? 0 : loadAddress + memoryBytes, addresses + 12);
  }
}

/** The offset of the Multiboot header in the file; null if there is none. */
export function findHeader(file: Buffer): number | null {
  for (let offset = 0; offset + BYTES <= Math.min(file.length, SEARCH_BYTES); offset += 4) {
    if (file.readUInt32LE(offset) !== MAGIC) continue;
    const sum = MAGIC + file.readUInt32LE(offset + 4) + file.readUInt32LE(offset + 8);
    if (sum >>> 0 === 0) return offset;
  }
  return null;
}

function findHeader2(file: Buffer): number | null {
  for (let offset = 0; offset + TAGS <= Math.min(file.length, SEARCH_BYTES_2); offset += 8) {
    if (file.readUInt32LE(offset) !== MAGIC_2) continue;
    const [architecture = 0, bytes = 0, checksum = 0] = [4, 8, 12].map((field) => file.readUInt32LE(offset + field));
    const isWhole = offset + bytes <= file.length;
    if (isWhole && (MAGIC_2 + architecture + bytes + checksum) % 2 ** 32 === 0) return offset;
  }
  return null;
}

/** The offset of the tag of the wanted type; null if there is none of at least `bytes`. */
function findTag(file: Buffer, header: number, wanted: number, bytes: number): number | null {
  const end = header + file.readUInt32LE(header + 8);
  let tag = header + TAGS;
  while (tag + 8 <= end) {
    const type = file.readUInt16LE(tag);
    const size = Math.max(8, file.readUInt32LE(tag + 4));
    if (type === wanted && size >= bytes && tag + bytes <= end) return tag;
    if (type === TAG_END) return null;
    tag += Math.ceil(size / 8) * 8;
  }
  return null;
}

function readAddresses(file: Buffer, at: number): Omit<MultibootHeader, 'header' | 'entry'> {
  const [headerAddress = 0, loadAddress = 0, loadEnd = 0, zeroEnd = 0] = [0, 4, 8, 12].map((field) =>
    file.readUInt32LE(at + field),
  );
  return { headerAddress, loadAddress, loadEnd, zeroEnd };
}
