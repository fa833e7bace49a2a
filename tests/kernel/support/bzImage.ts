/** A file that is laid out as a Linux bzImage; its bytes depend on `seed`. */
import { viewOf } from './startup.js';

export interface BzImage {
  readonly seed?: number;
  readonly setupSectors?: number;
  readonly paragraphs?: number;
  readonly preferred?: bigint;
  readonly workingBytes?: number;
  readonly relocatable?: boolean;
  readonly alignment?: number;
  readonly initrdHighest?: number;
  readonly commandLineMost?: number;
}

/** Bytes that look random and are the same for the same seed. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = Math.imul(seed, 2_654_435_761) + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Where the protected-mode part starts in the file. */
export function setupBytes({ setupSectors = 4 }: BzImage = {}): number {
  return (setupSectors + 1) * 512;
}

/** A file of boot protocol 2.15 that Linux's own would look like. */
export function bzImage(given: BzImage = {}): Uint8Array {
  const { seed = 1, setupSectors = 4, paragraphs = 64, preferred = 0x10_0000n, workingBytes = 0x4000 } = given;
  const file = noise(setupBytes(given) + paragraphs * 16, seed);
  const view = viewOf(file);
  file[0x1f1] = setupSectors;
  view.setUint32(0x1f4, paragraphs, true);
  view.setUint16(0x1fe, 0xaa55, true);
  view.setUint16(0x200, 0x66eb, true);
  view.setUint32(0x202, 0x5372_6448, true);
  view.setUint16(0x206, 0x020f, true);
  file[0x211] = 0x01;
  view.setUint32(0x22c, given.initrdHighest ?? 0x7fff_ffff, true);
  view.setUint32(0x230, given.alignment ?? 0x1000, true);
  file[0x234] = given.relocatable === false ? 0 : 1;
  view.setUint16(0x236, 0x003f, true);
  view.setUint32(0x238, given.commandLineMost ?? 2047, true);
  view.setBigUint64(0x258, preferred, true);
  view.setUint32(0x260, workingBytes, true);
  return file;
}
