/** What may stand before an opcode (APM 3, 1.2). */
import type { u8 } from '../../../transpiler/lib/index.js';

export const OPERAND_SIZE = 0x66;
export const ADDRESS_SIZE = 0x67;
export const LOCK = 0xf0;
const REPEAT_NOT_EQUAL = 0xf2;
const REPEAT = 0xf3;
const SEGMENT_ES = 0x26;
const SEGMENT_CS = 0x2e;
const SEGMENT_SS = 0x36;
const SEGMENT_DS = 0x3e;
const SEGMENT_FS = 0x64;
const SEGMENT_GS = 0x65;

/** Quick to say of most opcodes: all prefixes are below or above. */
export function isNoPrefix(byte: u8): boolean {
  return byte > ADDRESS_SIZE && byte < LOCK;
}

/** Whether `byte` is a legacy prefix other than LOCK. */
export function isLegacyPrefix(byte: u8): boolean {
  switch (byte) {
    case SEGMENT_ES:
    case SEGMENT_CS:
    case SEGMENT_SS:
    case SEGMENT_DS:
    case SEGMENT_FS:
    case SEGMENT_GS:
    case OPERAND_SIZE:
    case ADDRESS_SIZE:
    case REPEAT_NOT_EQUAL:
    case REPEAT:
      return true;
    default:
      return false;
  }
}

/** Whether `byte` is a REX prefix, which exists in 64-bit code only. */
export function isRex(byte: u8): boolean {
  return byte >= 0x40 && byte <= 0x4f;
}
