/** Fixes that are tried before they are told. */
import type { Change } from '../../diagnostics/diagnostic.js';
import type { Expression, Statement } from '../../ir/nodes.js';

/** How a function is evaluated with a fix in it. */
export interface Trial {
  /** What stands in the place of expressions. */
  readonly instead: ReadonlyMap<Expression, Expression>;
  /** What is done before statements. */
  readonly before: ReadonlyMap<Statement, readonly Statement[]>;
  /** What the function requires in addition. */
  readonly requires: readonly Expression[];
}

export interface Proposal {
  /** As the diagnostic tells it. */
  readonly words: string;
  readonly change: Change;
  readonly trial: Trial;
}

/** Advice in words; or code, of which the first proposal that helps is told, and nothing where none does. */
export type Fix = string | readonly Proposal[];
