/** What the emission of one function carries along. */
import type { Expression, Function, Statement } from '../ir/nodes.js';
import type { Rendered } from './rendered.js';

/** What the expressions of one function share. */
export interface Scope {
  /** Operands that have been put into constants. */
  readonly fixed: Map<Expression, Rendered>;
  /** How many constants have been made. */
  count: number;
  readonly checks: Checks;
}

/** What a checked build adds to the program's own operations. */
export interface Checks {
  /** The C of an expression, whose operations alone `plain` renders. */
  expression(scope: Scope, expression: Expression, plain: () => Rendered): Rendered;
  /** Lines before the C of a statement. */
  before(scope: Scope, statement: Statement): string[];
  /** The first lines of a function. */
  first(scope: Scope, fn: Function): string[];
  /** The contracts of `fn` that are evaluated. */
  contractsOf(fn: Function): readonly Expression[];
  /** Functions that stand beside `fn`, each by its prototype and its body. */
  beside(fn: Function): readonly { readonly prototype: string; readonly body: readonly string[] }[];
}

/** For an ordinary build, which has no checks: everything is proved. */
export const NO_CHECKS: Checks = {
  expression: (_scope, _expression, plain) => plain(),
  before: () => [],
  first: () => [],
  contractsOf: () => [],
  beside: () => [],
};

export function newScope(checks: Checks): Scope {
  return { fixed: new Map(), count: 0, checks };
}
