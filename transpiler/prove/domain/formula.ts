/**
 * Conditions over symbols, as far as they can be said with linear inequalities.
 *
 * A formula and its negation are both always at hand: a condition is assumed where it is true
 * and negated where it is false.
 */
import type { Range } from '../../ir/types.js';
import { plus, scale, subtract, type Linear } from './linear.js';

export type Formula =
  /** `form <= 0`. */
  | { readonly kind: 'atMost'; readonly form: Linear }
  /** `form === 0`, and `form !== 0`. */
  | { readonly kind: 'equal'; readonly form: Linear }
  | { readonly kind: 'differs'; readonly form: Linear }
  | { readonly kind: 'all'; readonly parts: readonly Formula[] }
  | { readonly kind: 'any'; readonly parts: readonly Formula[] }
  /** `then`; `facts`, each `<= 0`, define the symbols in it and hold whether it is true or not. */
  | { readonly kind: 'given'; readonly facts: readonly Linear[]; readonly then: Formula }
  /** Nothing is known: true or false. */
  | { readonly kind: 'unknown' };

export const TRUE: Formula = { kind: 'all', parts: [] };
export const FALSE: Formula = { kind: 'any', parts: [] };
export const UNKNOWN: Formula = { kind: 'unknown' };

export function atMost(form: Linear): Formula {
  return { kind: 'atMost', form };
}

/** `a <= b`. */
export function lessOrEqual(a: Linear, b: Linear): Formula {
  return atMost(subtract(a, b));
}

/** `a < b`. */
export function less(a: Linear, b: Linear): Formula {
  return atMost(plus(subtract(a, b), 1n));
}

export function equals(a: Linear, b: Linear): Formula {
  return { kind: 'equal', form: subtract(a, b) };
}

/** `range.low <= form <= range.high`. */
export function inside(form: Linear, range: Range): Formula {
  return { kind: 'all', parts: [atMost(plus(scale(form, -1n), range.low)), atMost(plus(form, -range.high))] };
}

export function negate(formula: Formula): Formula {
  switch (formula.kind) {
    case 'atMost':
      return atMost(negated(formula.form));
    case 'equal':
      return { kind: 'differs', form: formula.form };
    case 'differs':
      return { kind: 'equal', form: formula.form };
    case 'all':
      return { kind: 'any', parts: formula.parts.map(negate) };
    case 'any':
      return { kind: 'all', parts: formula.parts.map(negate) };
    case 'given':
      return { kind: 'given', facts: formula.facts, then: negate(formula.then) };
    case 'unknown':
      return UNKNOWN;
  }
}

/** The form that is `<= 0` exactly where the integer `form` is not. */
export function negated(form: Linear): Linear {
  return plus(scale(form, -1n), 1n);
}

/** Both sides of `form === 0`. */
export function bothSides(form: Linear): readonly [Formula, Formula] {
  return [atMost(form), atMost(scale(form, -1n))];
}

/** The two ways in which `form !== 0`. */
export function eitherSide(form: Linear): readonly [Formula, Formula] {
  return [atMost(plus(form, 1n)), atMost(plus(scale(form, -1n), 1n))];
}

/** All inequalities that a formula speaks of. */
export function formsOf(formula: Formula): readonly Linear[] {
  switch (formula.kind) {
    case 'atMost':
      return [formula.form];
    case 'equal':
      return bothSides(formula.form).flatMap(formsOf);
    case 'differs':
      return eitherSide(formula.form).flatMap(formsOf);
    case 'all':
    case 'any':
      return formula.parts.flatMap(formsOf);
    case 'given':
      return [...formula.facts, ...formsOf(formula.then)];
    case 'unknown':
      return [];
  }
}

/** The largest size of a formula. Without a limit, a formula that uses others twice would double at each step. */
const LARGEST = 500;
const sizes = new WeakMap<Formula, number>();

/** The formula, or an unknown one if it is too large. */
export function limited(formula: Formula): Formula {
  return sizeOf(formula) > LARGEST ? UNKNOWN : formula;
}

function sizeOf(formula: Formula): number {
  const known = sizes.get(formula);
  if (known !== undefined) return known;
  const size = partsOf(formula).reduce((sum, part) => sum + sizeOf(part), 1);
  sizes.set(formula, size);
  return size;
}

function partsOf(formula: Formula): readonly Formula[] {
  if (formula.kind === 'given') return [formula.then];
  return formula.kind === 'all' || formula.kind === 'any' ? formula.parts : [];
}
