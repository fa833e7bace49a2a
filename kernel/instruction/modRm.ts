/** The common length of ModRM, SIB and displacement (APM 3, 1.4). */
import { ensures, list, requires, U8, type u32 } from '../../transpiler/lib/index.js';

/** The operand is a register from this ModRM on. */
const REGISTERS = 0xc0;
/**
 * Base field of SIB. If ModRM gives no displacement, NO_BASE means a displacement of four bytes instead of a register.
 */
const BASE = 7;
const NO_BASE = 5;
/** In the r/m field with 16-bit addresses: a displacement instead of a register. */
const NO_BASE_16 = 6;
const MOST = 6;
/** Not a length: it depends on SIB, or the operand is a register. */
export const MORE = 7;

/** Lengths by ModRM with 32-bit and 64-bit addresses: eight values of r/m in a row, eight rows for a mode. */
// prettier-ignore
const lengths = list(U8, [
  1, 1, 1, 1, MORE, 5, 1, 1,
  1, 1, 1, 1, MORE, 5, 1, 1,
  1, 1, 1, 1, MORE, 5, 1, 1,
  1, 1, 1, 1, MORE, 5, 1, 1,
  1, 1, 1, 1, MORE, 5, 1, 1,
  1, 1, 1, 1, MORE, 5, 1, 1,
  1, 1, 1, 1, MORE, 5, 1, 1,
  1, 1, 1, 1, MORE, 5, 1, 1,
  2, 2, 2, 2, 3, 2, 2, 2,
  2, 2, 2, 2, 3, 2, 2, 2,
  2, 2, 2, 2, 3, 2, 2, 2,
  2, 2, 2, 2, 3, 2, 2, 2,
  2, 2, 2, 2, 3, 2, 2, 2,
  2, 2, 2, 2, 3, 2, 2, 2,
  2, 2, 2, 2, 3, 2, 2, 2,
  2, 2, 2, 2, 3, 2, 2, 2,
  5, 5, 5, 5, 6, 5, 5, 5,
  5, 5, 5, 5, 6, 5, 5, 5,
  5, 5, 5, 5, 6, 5, 5, 5,
  5, 5, 5, 5, 6, 5, 5, 5,
  5, 5, 5, 5, 6, 5, 5, 5,
  5, 5, 5, 5, 6, 5, 5, 5,
  5, 5, 5, 5, 6, 5, 5, 5,
  5, 5, 5, 5, 6, 5, 5, 5,
  MORE, MORE, MORE, MORE, MORE, MORE, MORE, MORE,
  MORE, MORE, MORE, MORE, MORE, MORE, MORE, MORE,
  MORE, MORE, MORE, MORE, MORE, MORE, MORE, MORE,
  MORE, MORE, MORE, MORE, MORE, MORE, MORE, MORE,
  MORE, MORE, MORE, MORE, MORE, MORE, MORE, MORE,
  MORE, MORE, MORE, MORE, MORE, MORE, MORE, MORE,
  MORE, MORE, MORE, MORE, MORE, MORE, MORE, MORE,
  MORE, MORE, MORE, MORE, MORE, MORE, MORE, MORE,
]);

/** Number of bytes of the memory operand with this ModRM; MORE if otherModRmBytes() must decide. */
export function modRmBytes(modRm: u32): u32 {
  requires(modRm <= 0xff);
  const count = lengths.get(modRm);
  ensures(count <= MORE);
  return count;
}

/** Number of bytes of the memory operand with this ModRM, followed by `sib`; 0 if the operand is a register. */
export function otherModRmBytes(modRm: u32, sib: u32): u32 {
  const count: u32 = modRm >= REGISTERS ? 0 : (sib & BASE) === NO_BASE ? MOST : 2;
  ensures(count <= MOST);
  return count;
}

/** Number of bytes of the memory operand with 16-bit addresses. */
export function modRmBytes16(modRm: u32): u32 {
  requires(modRm <= 0xff);
  const mode = modRm >>> 6;
  let count: u32 = mode + 1;
  if (mode === 0 && (modRm & 7) === NO_BASE_16) count = 3;
  if (mode === 3) count = 0;
  ensures(count <= MOST);
  return count;
}
