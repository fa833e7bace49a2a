/**
 * The guest's general registers by their numbers in instructions (APM 3, table 1-10), which is the order of
 * `Registers`. RSP is in the VMCB or VMCS; while an instruction is emulated, its place in `Registers` holds a copy.
 */
import { addressOf, arr, list, physical, U64, u64, type u32 } from '../../transpiler/lib/index.js';
import type { Registers } from '../vcpu/vcpu.js';

const Numbered = arr(U64, 16);
const ALL = 0xffff_ffff_ffff_ffffn;

export const RegisterNumber = { rax: 0, rcx: 1, rsp: 4, rsi: 6, rdi: 7 } as const;

/** Masks by the number of bytes. */
const masks = list(U64, [0n, 0xffn, 0xffffn, 0n, 0xffff_ffffn, 0n, 0n, 0n, ALL, 0n, 0n, 0n, 0n, 0n, 0n, 0n]);

/** Mask of a value of 1, 2, 4 or 8 bytes. */
export function widthMask(bytes: u32): u64 {
  return masks.get(bytes & 15);
}

/** The whole general register `number`. */
export function generalRegister(registers: Registers, number: u32): u64 {
  return physical(Numbered, addressOf(registers)).get(number & 15);
}

/** Sets the whole general register `number`. */
export function setGeneralRegister(registers: Registers, number: u32, value: u64): void {
  physical(Numbered, addressOf(registers)).set(number & 15, value);
}

/**
 * Sets the low `bytes` bytes of a register as an instruction does: four bytes clear the upper half, fewer leave the
 * other bits.
 */
export function setLowBytes(registers: Registers, number: u32, bytes: u32, value: u64): void {
  const mask = widthMask(bytes);
  const rest: u64 = bytes >= 4 ? 0n : generalRegister(registers, number) & u64(~mask);
  setGeneralRegister(registers, number, rest | (value & mask));
}

/** Sets bits 15:8 of a register. */
export function setHighByte(registers: Registers, number: u32, value: u64): void {
  const rest = generalRegister(registers, number) & u64(~0xff00n);
  setGeneralRegister(registers, number, rest | ((value & 0xffn) << 8n));
}
