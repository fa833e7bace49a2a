import { u32, u64, u8, type i32, type i64, type u16 } from '../../../../transpiler/lib/index.js';

/** Operators keep the type that holds their result: narrow operands are promoted as C does it. */
export function narrow(a: u8, b: u16): u32 {
  const sum = a + b;
  return sum * 2;
}

/** A result beyond 32 bits is computed in 64. */
export function wide(a: u32, b: u32): boolean {
  return a + b > 0xffff_ffff;
}

/** Negative results make the operation signed. */
export function difference(a: u8, b: u8): i32 {
  return a - b;
}

export function signed(a: i32, b: i32): boolean {
  return a - b < -1;
}

export function wideDifference(a: u32, b: u32): i64 {
  const left = u64(a);
  const right = u64(b);
  return left - right;
}

export function quotient(a: u32, b: u8): u32 {
  return b === 0 ? 0 : u32(u32(a / b) + (a % b));
}

export function wideQuotient(a: u64): u64 {
  return a / 10n + (a % 10n);
}

export function low(a: u64): u8 {
  return u8(a & 0xffn);
}
