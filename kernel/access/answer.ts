/** The result of an emulated instruction. */
export const Answer = {
  /** The instruction is complete: the guest continues after it. */
  done: 0,
  /** The instruction raises #UD. */
  invalidOpcode: 1,
  /** The instruction raises #GP(0). */
  generalProtection: 2,
  /** Nothing is done, and the guest repeats the instruction. */
  repeat: 3,
  /** The instruction raises a page fault. Only an access to memory does (exits/emulate.ts), which has its address and error code. */
  pageFault: 4,
} as const;
export type Answer = (typeof Answer)[keyof typeof Answer];
