/** The image as it lies in memory and, from SETUP_BYTES on, in its file: runtime-c/header.asm begins it. */

/** The ends of an image's parts, as offsets from its start. */
export interface ImageParts {
  readonly text: number;
  readonly constants: number;
  /** End of the bytes that are in the file. */
  readonly data: number;
  /** End of the zeroed memory. All parts end on page boundaries. */
  readonly memory: number;
}

const MAGIC_OFFSET = 0x20;
const MAGIC = 'TSVMIMG1';
const PARTS_OFFSET = 0x28;
const BUNDLE_OFFSET = 0x38;
const SUMS_OFFSET = 0x40;
const BUILD_ID_OFFSET = 0x48;
const BUILD_ID_BYTES = 32;
/** The checksum begins here, behind the header that holds it. */
const SUMMED_OFFSET = 0x200;

/** The parts of `image`, which may be truncated; null if it is not an image of tsvm. */
export function readParts(image: Buffer): ImageParts | null {
  if (image.length < SUMMED_OFFSET || image.toString('latin1', MAGIC_OFFSET, PARTS_OFFSET) !== MAGIC) return null;
  const [text = 0, constants = 0, data = 0, memory = 0] = [0, 4, 8, 12].map((at) =>
    image.readUInt32LE(PARTS_OFFSET + at),
  );
  const ordered = SUMMED_OFFSET <= text && text <= constants && constants <= data && data <= memory;
  return ordered && memory % 0x1000 === 0 && data % 4 === 0 ? { text, constants, data, memory } : null;
}

/** The checksum of an image: the sum of its words, and the sum of all partial sums (boot.asm). */
export function sumsOf(image: Buffer, { data }: ImageParts): readonly [number, number] {
  let sum = 0;
  let sums = 0;
  for (let offset = SUMMED_OFFSET; offset < data; offset += 4) {
    sum = (sum + image.readUInt32LE(offset)) >>> 0;
    sums = (sums + sum) >>> 0;
  }
  return [sum, sums];
}

/** Whether the image is complete and matches its checksum. */
export function isWhole(image: Buffer, parts: ImageParts): boolean {
  if (image.length < parts.data) return false;
  const [sum, sums] = sumsOf(image, parts);
  return image.readUInt32LE(SUMS_OFFSET) === sum && image.readUInt32LE(SUMS_OFFSET + 4) === sums;
}

export function writeSums(image: Buffer, parts: ImageParts): void {
  const [sum, sums] = sumsOf(image, parts);
  image.writeUInt32LE(sum, SUMS_OFFSET);
  image.writeUInt32LE(sums, SUMS_OFFSET + 4);
}

export function readBuildId(image: Buffer): string {
  return image.toString('hex', BUILD_ID_OFFSET, BUILD_ID_OFFSET + BUILD_ID_BYTES);
}

export function writeBuildId(image: Buffer, id: Buffer): void {
  id.copy(image, BUILD_ID_OFFSET, 0, BUILD_ID_BYTES);
}

export function readBundleBytes(image: Buffer): bigint {
  return image.readBigUInt64LE(BUNDLE_OFFSET);
}

export function writeBundleBytes(image: Buffer, bytes: number): void {
  image.writeBigUInt64LE(BigInt(bytes), BUNDLE_OFFSET);
}
