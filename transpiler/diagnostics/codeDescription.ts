/** What the reference says of a code. */
export interface CodeDescription {
  /** Stable: `TSV1001`. TSV0: TypeScript's own; TSV1: the subset; TSV2: proofs; TSV3: the whole program. */
  readonly code: string;
  readonly title: string;
  /** One paragraph. */
  readonly explanation: string;
  /** A program's part that is refused, and one that is not. */
  readonly bad: string;
  readonly good: string;
}
