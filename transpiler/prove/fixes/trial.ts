/** Fixes that are tried before they are proposed. */
import type { Change } from '../../diagnostics/diagnostic.js';
import type { Expression, Statement } from '../../ir/nodes.js';

/** How a function is evaluated with a fix in it. */
export interface Trial {
  /** Expressions, by those that they replace. */
  readonly instead: ReadonlyMap<Expression, Expression>;
  /** Statements to run first, by the statement that they precede. */
  readonly before: ReadonlyMap<Statement, readonly Statement[]>;
  /** What the function requires in addition. */
  readonly requires: readonly Expression[];
}

export interface Proposal {
  /** The text in the diagnostic. */
  readonly words: string;
  readonly change: Change;
  readonly trial: Trial;
}

/** Advice in words; or proposals of code, of which the first one that helps is shown, if any does. */
export type Fix = string | readonly Proposal[];
