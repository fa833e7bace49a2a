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
  /** The fixes that are code, as changes of the program. Each was tried: it removes the fault and brings no other. */
  readonly changes?: readonly Change[];
  /** The line that `at` is in; transpile() adds it. */
  readonly source?: string;
}

/** A fix as a change of the program's text. */
export type Change =
  /** A guard before the statement at `at`: the rest runs only if `condition` is true. `copies` are declared first; `writes` use them. */
  | {
      readonly kind: 'guard';
      readonly at: Location;
      readonly condition: string;
      readonly copies: readonly Copy[];
      readonly writes: readonly Write[];
    }
  | ({ readonly kind: 'write' } & Write)
  /** The function requires `condition`, and its callers have to prove it. */
  | { readonly kind: 'requires'; readonly condition: string };

/** `const name = value;` */
export interface Copy {
  readonly name: string;
  readonly value: string;
}

/** `text` in place of what is at `at`. */
export interface Write {
  readonly at: Location;
  readonly text: string;
}

/** Takes what the passes find. No pass stops at its first diagnostic. */
export type Report = (diagnostic: Diagnostic) => void;
