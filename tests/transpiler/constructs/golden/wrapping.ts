import { addSat32, addSat64, i32, min32, min64, mul32, subSat64, u16, u32, u64, u8 } from '../../../../transpiler/lib/index.js';

/** Below a cast, operators wrap around. */
export function hash(a: u32, b: u32): u32 {
  return u32((a + b) ^ (a - b) ^ (a << 5) ^ ~b);
}

export function small(a: u8, b: u8): u8 {
  return u8(a + b);
}

/** In C the product of two promoted 16-bit numbers would overflow an int. */
export function product(a: u16, b: u16): u16 {
  return u16(a * b);
}

export function wide(a: u64, b: u64): u64 {
  return u64(a * b - 1n);
}

export function truncated(a: u64): u32 {
  return u32(a + 1n);
}

export function asSigned(a: u32): i32 {
  return i32(a);
}

/** Numbers are exact below a 64-bit cast. */
export function exactBelow(a: u32, b: u32): u64 {
  return u64(a + b);
}

export function fromBoolean(a: boolean): u32 {
  return u32(a);
}

export function saturated(a: u32, b: u64): u64 {
  return min64(addSat64(u64(addSat32(a, min32(a, 7))), b), subSat64(b, u64(mul32(a, 3))));
}
