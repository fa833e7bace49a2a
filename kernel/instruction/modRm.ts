/** How many bytes ModRM, SIB and displacement have together (APM 3, 1.4). */
import { ensures, list, requires, U8, type u32 } from '../../transpiler/lib/index.js';

/** From here on the operand is a register. */
const REGISTERS = 0xc0;
/** In a SIB byte's base field, without a displacement by ModRM: no register but a displacement of four bytes. */
const BASE = 7;
const NO_BASE = 5;
/** In the r/m field with addresses of 16 bits: no register but a displacement. */
const NO_BASE_16 = 6;
const MOST = 6;
/** No length: it depends on the SIB byte, or the operand is a register. */
export const MORE = 7;

/** By ModRM, with addresses of 32 and 64 bits: eight r/m to a row, eight rows to a mode. */
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

/** The bytes of the memory operand with this ModRM; MORE where `otherModRmBytes` has to say. */
export function modRmBytes(modRm: u32): u32 {
  requires(modRm <= 0xff);
  const count = lengths.get(modRm);
  ensures(count <= MORE);
  return count;
}

/** The bytes of the memory operand with this ModRM, behind which `sib` comes; 0 where the operand is a register. */
export function otherModRmBytes(modRm: u32, sib: u32): u32 {
  const count: u32 = modRm >= REGISTERS ? 0 : (sib & BASE) === NO_BASE ? MOST : 2;
  ensures(count <= MOST);
  return count;
}

/** The same with addresses of 16 bits. */
export function modRmBytes16(modRm: u32): u32 {
  requires(modRm <= 0xff);
  const mode = modRm >>> 6;
  let count: u32 = mode + 1;
  if (mode === 0 && (modRm & 7) === NO_BASE_16) count = 3;
  if (mode === 3) count = 0;
  ensures(count <= MOST);
  return count;
}
