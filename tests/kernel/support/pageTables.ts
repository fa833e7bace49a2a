/** Page tables that map the guest's first memory to itself, in legacy mode. */
import { viewOf } from './startup.js';

/** What lies in memory from an address on. */
export type Contents = readonly [address: number, bytes: Uint8Array];

export const LEGACY_TABLES = 0x7_0000;
export const PAE_TABLES = 0x8_0000;

/** `values` as words of 32 bits. */
export function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, index) => viewOf(bytes).setUint32(4 * index, value >>> 0, true));
  return bytes;
}

/** Without PAE in pages of 4 KiB, with PAE of 2 MiB: 4 MiB. */
export const pageTables: readonly Contents[] = [
  [LEGACY_TABLES, words([(LEGACY_TABLES + 0x1000) | 3])],
  [LEGACY_TABLES + 0x1000, words(Array.from({ length: 1024 }, (_, page) => (page << 12) | 3))],
  [PAE_TABLES, words([(PAE_TABLES + 0x1000) | 1, 0, 0, 0, 0, 0, 0, 0])],
  [PAE_TABLES + 0x1000, words([0x83, 0, 0x20_0083, 0])],
];
