/** The arithmetic flags (APM 1, 3.1.4; APM 3 for each instruction). */
import { u32, u64 } from '../../transpiler/lib/index.js';
import type { Operands } from './outcome.js';

export const CARRY = 1n << 0n;
const PARITY = 1n << 2n;
const AUXILIARY = 1n << 4n;
const ZERO = 1n << 6n;
const SIGN = 1n << 7n;
const OVERFLOW = 1n << 11n;
const ALL_SIX = CARRY | PARITY | AUXILIARY | ZERO | SIGN | OVERFLOW;

/** Returns `a` plus `b` plus `carry`, which is 0 or 1. Sets all six flags. */
export function sum(operands: Operands, a: u64, b: u64, carry: u64): u64 {
  const result = u64(u64(a + b) + carry) & operands.mask;
  const carries = (a & b) | ((a | b) & u64(~result));
  setFlags(operands, result, carries, (a ^ result) & (b ^ result), a ^ b ^ result);
  return result;
}

/** Returns `a` minus `b` minus `borrow`, which is 0 or 1. Sets all six flags. */
export function difference(operands: Operands, a: u64, b: u64, borrow: u64): u64 {
  const result = u64(u64(a - b) - borrow) & operands.mask;
  const borrows = (u64(~a) & b) | ((u64(~a) | b) & result);
  setFlags(operands, result, borrows, (a ^ b) & (a ^ result), a ^ b ^ result);
  return result;
}

/**
 * Sets the flags for the result of AND, OR, XOR or TEST. AF, which the manual leaves undefined, is cleared as
 * processors do.
 */
export function logic(operands: Operands, result: u64): u64 {
  setFlags(operands, result, 0n, 0n, 0n);
  return result;
}

/** Sets only CF. */
export function setCarry(operands: Operands, isSet: boolean): void {
  operands.flags = (operands.flags & u64(~CARRY)) | (isSet ? CARRY : 0n);
}

/**
 * Sets all six flags. `carries` are the carries out of each bit, `overflows` the bits that overflow, `halves` the
 * carries into each bit.
 */
function setFlags(operands: Operands, result: u64, carries: u64, overflows: u64, halves: u64): void {
  const sign = operands.sign;
  let flags: u64 = halves & AUXILIARY; // the carry into bit 4, which is also the position of AF
  if ((carries & sign) !== 0n) flags = flags | CARRY;
  if (hasEvenParity(u32(result) & 0xff)) flags = flags | PARITY;
  if (result === 0n) flags = flags | ZERO;
  if ((result & sign) !== 0n) flags = flags | SIGN;
  if ((overflows & sign) !== 0n) flags = flags | OVERFLOW;
  operands.flags = (operands.flags & u64(~ALL_SIX)) | flags;
}

function hasEvenParity(byte: u32): boolean {
  const four = u32(byte ^ (byte >>> 4));
  const two = u32(four ^ (four >>> 2));
  return u32((two ^ (two >>> 1)) & 1) === 0;
}
