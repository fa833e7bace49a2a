/** What becomes of an instruction that left the guest. */
export const Answer = {
  /** It is done: the guest goes on behind it. */
  done: 0,
  /** The guest gets #UD. */
  invalidOpcode: 1,
  /** The guest gets #GP(0). */
  generalProtection: 2,
} as const;
export type Answer = (typeof Answer)[keyof typeof Answer];
