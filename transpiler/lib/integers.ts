/**
 * The integer types of the language and the casts between them.
 *
 * A type is a JavaScript number or bigint with one optional brand. The brand is a union of the
 * names that may flow into it, so that widening needs no cast and narrowing is a type error.
 * Plain literals carry no brand and are accepted everywhere; the checker proves that they fit.
 */

export type u8 = number & { readonly __int?: 'u8' };
export type u16 = number & { readonly __int?: 'u16' | 'u8' };
export type u32 = number & { readonly __int?: 'u32' | 'u16' | 'u8' };
export type i8 = number & { readonly __int?: 'i8' };
export type i16 = number & { readonly __int?: 'i16' | 'i8' | 'u8' };
export type i32 = number & { readonly __int?: 'i32' | 'i16' | 'i8' | 'u16' | 'u8' };
export type u64 = bigint & { readonly __int?: 'u64' };
export type i64 = bigint & { readonly __int?: 'i64' };
/** A guest-physical address. */
export type Gpa = bigint & { readonly __int?: 'gpa' };
/** A host-physical (machine) address. */
export type Hpa = bigint & { readonly __int?: 'hpa' };
/** A guest-virtual (linear) address. */
export type Gva = bigint & { readonly __int?: 'gva' };
/** A host-virtual address. */
export type Hva = bigint & { readonly __int?: 'hva' };

type AnyInteger = number | bigint | boolean;

/** `value` modulo 2^8. Operators inside the argument may wrap around. */
export function u8(value: AnyInteger): u8 {
  return typeof value === 'bigint' ? Number(BigInt.asUintN(8, value)) : Number(value) & 0xff;
}

/** `value` modulo 2^16. Operators inside the argument may wrap around. */
export function u16(value: AnyInteger): u16 {
  return typeof value === 'bigint' ? Number(BigInt.asUintN(16, value)) : Number(value) & 0xffff;
}

/** `value` modulo 2^32. Operators inside the argument may wrap around; a quotient is truncated. */
export function u32(value: AnyInteger): u32 {
  return typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : Number(value) >>> 0;
}

/** `value` modulo 2^32, as a two's complement number. */
export function i32(value: AnyInteger): i32 {
  return typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : Number(value) | 0;
}

/** `value` modulo 2^64. Operators inside the argument may wrap around. */
export function u64(value: AnyInteger): u64 {
  return BigInt.asUintN(64, BigInt(value));
}

/** `value` modulo 2^64, as a two's complement number. */
export function i64(value: AnyInteger): i64 {
  return BigInt.asIntN(64, BigInt(value));
}

/** The guest-physical address `value`, modulo 2^64. The only way from another address space. */
export function gpa(value: bigint): Gpa {
  return BigInt.asUintN(64, value);
}

/** The host-physical address `value`, modulo 2^64. The only way from another address space. */
export function hpa(value: bigint): Hpa {
  return BigInt.asUintN(64, value);
}

/** The guest-virtual address `value`, modulo 2^64. The only way from another address space. */
export function gva(value: bigint): Gva {
  return BigInt.asUintN(64, value);
}

/** The host-virtual address `value`, modulo 2^64. The only way from another address space. */
export function hva(value: bigint): Hva {
  return BigInt.asUintN(64, value);
}

/** The low 32 bits of the product, which a plain `*` on numbers does not give above 2^53. */
export function mul32(a: u32, b: u32): u32 {
  return Math.imul(a, b) >>> 0;
}

/** The sum, or 2^32 - 1 where it does not fit. */
export function addSat32(a: u32, b: u32): u32 {
  return Math.min(a + b, 0xffff_ffff);
}

/** The sum, or 2^64 - 1 where it does not fit. */
export function addSat64(a: u64, b: u64): u64 {
  const sum = a + b;
  return sum > 0xffff_ffff_ffff_ffffn ? 0xffff_ffff_ffff_ffffn : sum;
}

/** The difference, or 0 where it would be negative. */
export function subSat64(a: u64, b: u64): u64 {
  return a > b ? a - b : 0n;
}

/** The smaller of two numbers. The checker knows that the result is not above either. */
export function min32(a: u32, b: u32): u32 {
  return a < b ? a : b;
}

/** The smaller of two 64-bit numbers. The checker knows that the result is not above either. */
export function min64(a: u64, b: u64): u64 {
  return a < b ? a : b;
}
