/** The guest's general registers by their number in an instruction (APM 3, table 1-10). */
import type { u32, u64 } from '../../../transpiler/lib/index.js';
import { addressOf, arr, physical, U64 } from '../../../transpiler/lib/index.js';
import type { Registers } from '../../vcpu/vcpu.js';
import type { Vmcb } from './vmcb.js';

/** `Registers` holds them in that order; only RSP is in the VMCB. */
const Numbered = arr(U64, 16);
const RSP = 4;

/** The value of general register `number`. */
export function generalRegister(registers: Registers, vmcb: Vmcb, number: u32): u64 {
  return number === RSP ? vmcb.rsp : physical(Numbered, addressOf(registers)).get(number & 15);
}

/** Sets general register `number`. */
export function setGeneralRegister(registers: Registers, vmcb: Vmcb, number: u32, value: u64): void {
  if (number === RSP) vmcb.rsp = value;
  else physical(Numbered, addressOf(registers)).set(number & 15, value);
}
