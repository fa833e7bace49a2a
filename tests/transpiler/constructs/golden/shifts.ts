import { u32, u64, type u8 } from '../../../../transpiler/lib/index.js';

export function bit(index: u32): u32 {
  return u32(1 << (index & 31));
}

export function wideBit(index: u32): u64 {
  return 1n << u64(index % 64);
}

/** `>>>` takes all 32 bits of a number, `>>` those without the sign. */
export function upper(a: u32, b: u8): u32 {
  return (a >>> 16) + (b >> 4);
}

export function page(a: u64): u64 {
  return a >> 12n;
}

export function isSet(a: u64, index: u64): boolean {
  return index < 64n && ((a >> index) & 1n) === 1n;
}
