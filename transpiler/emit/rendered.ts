/** Pieces of C text that know how tightly they bind. */
import type { Machine } from './machine.js';

/** C's precedence, from loose to tight. */
export const Level = {
  conditional: 3,
  or: 4,
  and: 5,
  bitOr: 6,
  bitXor: 7,
  bitAnd: 8,
  equality: 9,
  relational: 10,
  shift: 11,
  sum: 12,
  product: 13,
  unary: 14,
  primary: 15,
} as const;
export type Level = (typeof Level)[keyof typeof Level];

export interface Rendered {
  readonly text: string;
  readonly level: Level;
  /** What an integer is promoted to; null for what is no integer. */
  readonly machine: Machine | null;
  /** A literal, or a value of an unsigned type narrower than int: never negative by its looks. */
  readonly plain: boolean;
}

export function primary(text: string, machine: Machine | null = null, plain = false): Rendered {
  return { text, level: Level.primary, machine, plain };
}

/** `operand` for a place where C wants at least `level`. */
export function within(level: Level, operand: Rendered): string {
  return operand.level >= level ? operand.text : `(${operand.text})`;
}

export function castTo(cType: string, machine: Machine | null, operand: Rendered): Rendered {
  return { text: `(${cType})${within(Level.unary, operand)}`, level: Level.unary, machine, plain: false };
}

/** `operand` in the type `machine`, with a cast where it is of another. */
export function inMachine(machine: Machine, operand: Rendered): Rendered {
  return operand.machine === machine ? operand : castTo(machine, machine, operand);
}
