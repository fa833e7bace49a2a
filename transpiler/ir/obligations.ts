/**
 * What the prover has shown of each node of a program. The C of a checked build (emit/checks.ts) tests it
 * each time the node is evaluated.
 */
import { integerName, rangeOfName } from './integers.js';
import type { Location } from './location.js';
import type { Expression, ExpressionOf, Function, Statement } from './nodes.js';
import type { Range } from './types.js';

type StatementOf<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

/** What holds of a node each time it is evaluated. */
export type Claim =
  /** Its exact value, of whatever size, is in the range. */
  | { readonly kind: 'within'; readonly node: Expression; readonly range: Range }
  | { readonly kind: 'notZero'; readonly node: Expression }
  | { readonly kind: 'notNull'; readonly node: Expression }
  /** The division does not trap, as the least i64 divided by -1 does. */
  | { readonly kind: 'divides'; readonly node: ExpressionOf<'binary'> }
  /** The index of the character is below the length of the string. */
  | { readonly kind: 'character'; readonly node: ExpressionOf<'charCode'> }
  /** The bytes from the offset on are in the window. */
  | { readonly kind: 'bytes'; readonly node: ExpressionOf<'bytesRead' | 'bytesPart'> | StatementOf<'bytesWrite'> }
  /** What the called function requires is true of what is passed. */
  | { readonly kind: 'requires'; readonly node: ExpressionOf<'call'>; readonly condition: Expression }
  /** What an entry point requires; the prover relies on assembly for it. */
  | { readonly kind: 'entry'; readonly node: Expression }
  | { readonly kind: 'contract'; readonly node: StatementOf<'contract'> }
  /** The cases name every value that the subject can have. */
  | { readonly kind: 'cases'; readonly node: StatementOf<'switch'> }
  | { readonly kind: 'never'; readonly node: Expression | StatementOf<'unreachable'> };

export interface Obligation {
  /** The code of its diagnostic; a word if there is no such code. */
  readonly code: string;
  readonly at: Location;
  /** The message for a run in which it does not hold. */
  readonly message: string;
  readonly claim: Claim;
}

/** The obligations of a program, by node. */
export class Obligations {
  private readonly byNode = new Map<Expression | Statement, Obligation[]>();
  private readonly byFunction = new Map<Function, Obligation[]>();

  /**
   * What is the same of the same node is one obligation, however often it is proved. What the node's type in C says already is
   * none: nothing that runs could show it wrong.
   */
  add(subject: Function, obligation: Obligation): void {
    if (holdsOfItself(obligation.claim)) return;
    const { node } = obligation.claim;
    const known = this.of(node);
    if (known.some((other) => isSame(other, obligation))) return;
    this.byNode.set(node, [...known, obligation]);
    this.byFunction.set(subject, [...this.in(subject), obligation]);
  }

  of(node: Expression | Statement): readonly Obligation[] {
    return this.byNode.get(node) ?? [];
  }

  /** The obligations in a function's body and contracts. */
  in(subject: Function): readonly Obligation[] {
    return this.byFunction.get(subject) ?? [];
  }
}

function holdsOfItself(claim: Claim): boolean {
  if (claim.kind !== 'within') return false;
  const values = valuesOf(claim.node);
  return values !== null && claim.range.low <= values.low && values.high <= claim.range.high;
}

/** All values that an expression can have in C, whatever the proofs say; null where they decide what it has. */
function valuesOf(node: Expression): Range | null {
  switch (node.kind) {
    case 'integer':
      return { low: node.value, high: node.value };
    case 'constant':
      return typeof node.constant.value === 'bigint' ? { low: node.constant.value, high: node.constant.value } : null;
    case 'unary':
    case 'binary':
    case 'conditional':
      return null;
    default:
      return node.type.kind === 'integer' ? rangeOfName(integerName(node.type)) : null;
  }
}

function isSame(one: Obligation, other: Obligation): boolean {
  const [a, b] = [one.claim, other.claim];
  if (one.code !== other.code || a.kind !== b.kind) return false;
  if (a.kind === 'within' && b.kind === 'within') return a.range.low === b.range.low && a.range.high === b.range.high;
  if (a.kind === 'requires' && b.kind === 'requires') return a.condition === b.condition;
  return true;
}
