/**
 * What a derived value means. Two derivations share a value only where they mean the same: the same operator, whose
 * name says which value it gives, of the same exact operands.
 */
import { keyOf, type Linear } from './linear.js';

/** `multiples of` is `a & b` divided by the lowest bit of `b`; `truncated` has the ends of the range behind the value. */
export type DerivedOperator =
  | '*'
  | '/'
  | '%'
  | '>>'
  | '<<'
  | '&'
  | '|'
  | '^'
  | 'multiples of'
  | 'truncated'
  | 'smaller';

export interface Meaning {
  readonly key: string;
}

export function meaning(operator: DerivedOperator, ...operands: readonly Linear[]): Meaning {
  return { key: `${operator} (${operands.map(keyOf).join('; ')})` };
}
