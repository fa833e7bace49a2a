/** A stretch of one line of a source file. */
export interface Location {
  /** Path relative to the parent of the program's folder, with `/`: `kernel/vmx/exits/cpuidMasks.ts`. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** Characters the caret line covers, at least 1, never past the end of the line. */
  readonly length: number;
}
