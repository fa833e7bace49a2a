/** The integer types: their names and their values. */
import type { IntegerName, IntegerType, Range } from './types.js';

/** The name of an integer type; an enum has that of the usual type that holds its members. */
export function integerName(type: IntegerType): IntegerName {
  if (type.name !== null) return type.name;
  const negative = type.members?.some((member) => member < 0n) ?? false;
  if (type.javascript === 'bigint') return negative ? 'i64' : 'u64';
  return negative ? 'i32' : 'u32';
}

/** Whether the usual type of an enum holds all of its members: -1 and 2^32 - 1 are of no one type of 32 bits. */
export function holdsMembers(type: IntegerType): boolean {
  const { low, high } = rangeOfName(integerName(type));
  return type.members?.every((member) => low <= member && member <= high) ?? true;
}

/** All values of the integer type `name`. */
export function rangeOfName(name: IntegerName): Range {
  return RANGES[name];
}

function unsigned(bits: bigint): Range {
  return { low: 0n, high: (1n << bits) - 1n };
}

function signed(bits: bigint): Range {
  return { low: -(1n << (bits - 1n)), high: (1n << (bits - 1n)) - 1n };
}

const RANGES: Readonly<Record<IntegerName, Range>> = {
  u8: unsigned(8n),
  u16: unsigned(16n),
  u32: unsigned(32n),
  u64: unsigned(64n),
  i8: signed(8n),
  i16: signed(16n),
  i32: signed(32n),
  i64: signed(64n),
  gpa: unsigned(64n),
  hpa: unsigned(64n),
  gva: unsigned(64n),
  hva: unsigned(64n),
};
