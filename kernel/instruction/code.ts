/** The machine code that the decoder reads. */

/** No instruction is longer (APM 3, 1.1). */
export const MOST_BYTES = 15;

/** How many bytes the decoder may look at: what lies behind the instruction is read, but does not count. */
export const READABLE_BYTES = 32;

/** What the code is: its default size of addresses, in bits (APM 3, table 1-3). */
export const CodeSize = { bits16: 16, bits32: 32, bits64: 64 } as const;
export type CodeSize = (typeof CodeSize)[keyof typeof CodeSize];
