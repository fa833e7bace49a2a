/**
 * The C types in which operators compute. C computes in int, unsigned, and their 64-bit
 * counterparts; narrower operands are promoted first. Each operator gets one that holds what the
 * prover says of its operands and its result, so that C and JavaScript agree.
 */
import { integerName, rangeOfName } from '../ir/integers.js';
import type { Expression } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';

export type Machine = 'int32_t' | 'uint32_t' | 'int64_t' | 'uint64_t';

/** In the order of C's conversion ranks: of the types of two operands, C computes in the later one. */
const RANKED: readonly Machine[] = ['int32_t', 'uint32_t', 'int64_t', 'uint64_t'];

/** In the order in which a type is chosen for a result. */
const CHOICE: readonly Machine[] = ['uint32_t', 'int32_t', 'uint64_t', 'int64_t'];

const RANGES: Readonly<Record<Machine, Range>> = {
  int32_t: rangeOfName('i32'),
  uint32_t: rangeOfName('u32'),
  int64_t: rangeOfName('i64'),
  uint64_t: rangeOfName('u64'),
};

/** The values of an integer expression. */
export function rangeOf(expression: Expression): Range {
  if (expression.range) return expression.range;
  if (expression.kind === 'integer') return { low: expression.value, high: expression.value };
  return expression.type.kind === 'integer' ? rangeOfName(integerName(expression.type)) : { low: 0n, high: 1n };
}

/** The type C computes in when operands of these types meet. */
export function usual(left: Machine, right: Machine): Machine {
  return RANKED.indexOf(left) > RANKED.indexOf(right) ? left : right;
}

/** Whether C converts `from` to `to` when they meet. */
export function yields(from: Machine, to: Machine): boolean {
  return usual(from, to) === to;
}

export function holds(machine: Machine, ...ranges: readonly Range[]): boolean {
  const { low, high } = RANGES[machine];
  return ranges.every((range) => low <= range.low && range.high <= high);
}

/** A type that holds all of `ranges`. */
export function holding(...ranges: readonly Range[]): Machine {
  return CHOICE.find((machine) => holds(machine, ...ranges)) ?? 'uint64_t';
}

export function isSigned(machine: Machine): boolean {
  return machine.startsWith('int');
}

/** The unsigned type of the same width. */
export function unsigned(machine: Machine): Machine {
  return machine === 'int32_t' || machine === 'uint32_t' ? 'uint32_t' : 'uint64_t';
}

/** The type of 64 bits with the same sign. */
export function wide(machine: Machine): Machine {
  return isSigned(machine) ? 'int64_t' : 'uint64_t';
}

/** The type that a value of a C integer type is promoted to. */
export function promoted(cType: string): Machine {
  return RANKED.find((machine) => machine === cType) ?? 'int32_t';
}
