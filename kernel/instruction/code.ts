/** Machine code for the decoder. */
import type { u64 } from '../../transpiler/lib/index.js';

/** Longest instruction (APM 3, 1.1). */
export const MOST_BYTES = 15;

/** Number of bytes that the decoder may read. Bytes after the instruction are read but have no effect. */
export const READABLE_BYTES = 32;

/** Kinds of code, by the default size of addresses in bits (APM 3, table 1-3). */
export const CodeSize = { bits16: 16, bits32: 32, bits64: 64 } as const;
export type CodeSize = (typeof CodeSize)[keyof typeof CodeSize];

const LAST_32 = 0xffff_ffffn;
const LAST_64 = 0xffff_ffff_ffff_ffffn;

/** The last linear address in code of kind `size`. */
export function lastAddress(size: CodeSize): u64 {
  return size === CodeSize.bits64 ? LAST_64 : LAST_32;
}
