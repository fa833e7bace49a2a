/** The flags that AND, OR and XOR set (APM 3, AND). */
import { u32, u64 } from '../../../transpiler/lib/index.js';
import type { Vmcb } from './vmcb.js';

const CARRY = 1n << 0n;
const PARITY = 1n << 2n;
const ZERO = 1n << 6n;
const SIGN = 1n << 7n;
const OVERFLOW = 1n << 11n;
const SET_BY_LOGIC = CARRY | PARITY | ZERO | SIGN | OVERFLOW;
const SIGN_OF_32 = 0x8000_0000;

/** Sets them for a result of 32 bits. The auxiliary carry is undefined, and stays. */
export function setLogicFlags(vmcb: Vmcb, result: u32): void {
  let flags: u64 = 0n;
  if (hasEvenParity(result & 0xff)) flags = flags | PARITY;
  if (result === 0) flags = flags | ZERO;
  if (result >= SIGN_OF_32) flags = flags | SIGN;
  vmcb.rflags = (vmcb.rflags & u64(~SET_BY_LOGIC)) | flags;
}

function hasEvenParity(byte: u32): boolean {
  const four = u32(byte ^ (byte >>> 4));
  const two = u32(four ^ (four >>> 2));
  return u32((two ^ (two >>> 1)) & 1) === 0;
}
