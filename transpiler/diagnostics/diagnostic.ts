/** What the transpiler says about a program that it refuses. */
import type { Location } from '../ir/location.js';

export interface Diagnostic {
  /** Stable: `TSV2104`. All codes are in codes.ts. */
  readonly code: string;
  readonly at: Location;
  /** What is wrong, in one line, without the code. */
  readonly message: string;
  /** The facts known at this point, one a line: `count: u32, 0 <= count <= 4294967295`. */
  readonly known: readonly string[];
  /** What would mend it, one way a line: `guard with  if (count < 128) { ... }`. */
  readonly fixes: readonly string[];
  /** The line that `at` is in; transpile() adds it. */
  readonly source?: string;
}

/** Where the passes put what they find; no pass stops at its first. */
export type Report = (diagnostic: Diagnostic) => void;
