/**
 * Decodes the instruction that accessed an intercepted address. The processor reports that address, so only the length
 * of an address in the code matters.
 */
import { ensures, i32, i64, invariant, min32, requires, u32, u64, u8, type Bytes } from '../../transpiler/lib/index.js';
import { CodeSize, MOST_BYTES, READABLE_BYTES } from './code.js';
import { BOTH, Decoding, FIRST_HIGH_BYTE, SegmentNumber, type Instruction } from './instruction.js';
import { MORE, modRmBytes, modRmBytes16, otherModRmBytes } from './modRm.js';
import {
  ACCESS_SHIFT,
  ADDRESS_SIZE,
  BYTE,
  DOUBLEWORD,
  ESCAPE,
  firstMap,
  GROUP,
  GROUP_PLACES,
  GROUP_SHIFT,
  groups,
  IMMEDIATE,
  LOCK,
  MOD_RM,
  NEVER_WORD,
  NOT_IN_64,
  OFFSET,
  ONLY_IN_64,
  OPERAND_SIZE,
  PREFIX,
  REPEAT,
  REX,
  SECOND_MAP_START,
  secondMap,
  SEGMENT,
  SEGMENT_NUMBER,
  SHORT_IMMEDIATE,
  STRING,
  WIDENS,
  WORD,
} from './opcodes.js';

/** Bytes before the opcode: prefixes and the escape to the second map. */
const BEFORE_OPCODE = PREFIX | REX | ESCAPE;
/** The state without prefixes. It holds the segment in bits 2:0, the bits that `firstMap` has for prefixes, and REX. */
const NO_PREFIX = SegmentNumber.ds;
const PREFIX_FLAGS = OPERAND_SIZE | ADDRESS_SIZE | LOCK | REPEAT;
const ALL_BUT_REX = 0xffff;
const REX_SHIFT = 16;
/** REX.W: 64-bit operand. REX.R: bit 3 of ModRM's reg field (APM 3, 1.2.7). */
const REX_W = 8 << REX_SHIFT;
const REX_R = 4 << REX_SHIFT;
/** Forms whose memory operand has its own width, and all forms that differ from the usual width. */
const HAS_WIDTH = BYTE | WORD | DOUBLEWORD | NEVER_WORD;
const NEEDS_LOOK = HAS_WIDTH | NOT_IN_64 | ONLY_IN_64 | STRING | SHORT_IMMEDIATE;
/** Without REX, byte registers 4 to 7 are AH to BH, not the low bytes of the registers with those numbers. */
const FIRST_OTHER_BYTE = 4;

/**
 * Decodes the first instruction of `code`, of which `count` bytes are the guest's code of `size`. The processor reports
 * that it does `access`, READS or WRITES, to the intercepted address. For a MOVS, which does both, `access` tells which
 * of them that is.
 */
export function decode(instruction: Instruction, code: Bytes, count: u32, size: CodeSize, access: u32): Decoding {
  requires(code.length >= READABLE_BYTES && access <= BOTH);
  const decoding = decodePrefixes(instruction, code, size, access);
  if (instruction.length <= count) return decoding;
  return count < MOST_BYTES ? Decoding.cut : Decoding.unknown;
}

/**
 * Decodes the prefixes and then the rest. After fifteen prefixes the last one counts as the opcode, which it is not.
 */
function decodePrefixes(instruction: Instruction, code: Bytes, size: CodeSize, access: u32): Decoding {
  requires(code.length >= READABLE_BYTES && access <= BOTH);
  let prefixes: u32 = NO_PREFIX;
  let place: u32 = 1;
  let byte: u32 = code.u8(0);
  let entry: u32 = firstMap.get(byte);
  while ((entry & BEFORE_OPCODE) !== 0 && place < MOST_BYTES) {
    invariant(place <= MOST_BYTES && byte <= 0xff);
    if ((entry & ESCAPE) !== 0) {
      entry = secondEntry(code.u8(place));
    } else if ((entry & REX) !== 0 && size !== CodeSize.bits64) {
      entry = 0; // INC or DEC of a register
    } else {
      prefixes =
        (entry & REX) !== 0 ? (prefixes & ALL_BUT_REX) | (byte << REX_SHIFT) : addPrefix(prefixes, entry, size);
      byte = code.u8(place);
      entry = firstMap.get(byte);
    }
    place++;
  }
  return decodeOperands(instruction, code, entry, place, prefixes, size, access);
}

/**
 * Adds a prefix and drops an earlier REX. In 64-bit code the prefixes of ES, CS, SS and DS have no effect, and do not
 * cancel one of FS or GS (APM 3, 1.2.4 and 1.2.7).
 */
function addPrefix(prefixes: u32, entry: u32, size: CodeSize): u32 {
  if ((entry & SEGMENT) === 0) return (prefixes & ALL_BUT_REX) | (entry & PREFIX_FLAGS);
  const segment = entry & SEGMENT_NUMBER;
  if (size === CodeSize.bits64 && segment < SegmentNumber.fs) return prefixes & ALL_BUT_REX;
  return (prefixes & (ALL_BUT_REX & ~SEGMENT_NUMBER)) | segment;
}

function secondEntry(opcode: u32): u32 {
  const index = u32(opcode - SECOND_MAP_START);
  return index < secondMap.length ? secondMap.get(index) : 0;
}

/** Decodes what follows the opcode, from `place` on. `entry` is the opcode's entry in the maps. */
function decodeOperands(
  instruction: Instruction,
  code: Bytes,
  entry: u32,
  place: u32,
  prefixes: u32,
  size: CodeSize,
  access: u32,
): Decoding {
  requires(code.length >= READABLE_BYTES && place <= MOST_BYTES + 1 && access <= BOTH);
  let form: u32 = entry;
  let end: u32 = place;
  let field: u32 = 0;
  if ((entry & MOD_RM) !== 0) {
    const modRm = code.u8(place);
    field = (modRm >> 3) & 7;
    if ((entry & GROUP) !== 0) form = u32(entry | groups.get(((entry >>> GROUP_SHIFT) & GROUP_PLACES) | field));
    let count: u32 = modRmBytes(modRm);
    const has16Bits = size !== CodeSize.bits64 && addressBytes(prefixes, size) === 2;
    if (has16Bits || count === MORE) {
      count = has16Bits ? modRmBytes16(modRm) : otherModRmBytes(modRm, code.u8(place + 1));
      if (count === 0) form = 0; // the operand is a register
    }
    end = place + count;
  } else if ((entry & OFFSET) !== 0) {
    end = place + addressBytes(prefixes, size);
  }
  instruction.form = form;
  instruction.register = u8(field);
  instruction.registerBytes = 4;
  instruction.bytes = 4;
  if ((form & NEEDS_LOOK) !== 0 || prefixes !== NO_PREFIX || size === CodeSize.bits16) {
    instruction.prefixes = prefixes;
    return decodeOther(instruction, code, form, field, end, size, access);
  }
  if ((form & IMMEDIATE) !== 0) {
    instruction.immediate = u64(i64(i32(code.u32(end))));
    end = end + 4;
  }
  instruction.length = end;
  return (form & (access << ACCESS_SHIFT)) !== 0 ? Decoding.done : Decoding.unknown;
}

/** Decodes the rest of an unusual instruction: one with a prefix, or with a width other than 32 bits. */
function decodeOther(
  instruction: Instruction,
  code: Bytes,
  form: u32,
  field: u32,
  end: u32,
  size: CodeSize,
  access: u32,
): Decoding {
  requires(code.length >= READABLE_BYTES && field < 8 && end + 4 <= READABLE_BYTES && access <= BOTH);
  setOperands(instruction, form, field, size);
  const hasOne = (form & (IMMEDIATE | SHORT_IMMEDIATE)) !== 0;
  instruction.length = hasOne ? end + readImmediate(instruction, code, end) : end;
  if ((form & (access << ACCESS_SHIFT)) === 0) return Decoding.unknown;
  return decodeCondition(instruction, form, size, access);
}

/** Width of addresses in bytes (APM 3, table 1-3). */
function addressBytes(prefixes: u32, size: CodeSize): u32 {
  const isChanged = u32(prefixes & ADDRESS_SIZE) !== 0;
  const bytes: u32 = size === CodeSize.bits64 ? (isChanged ? 4 : 8) : (size === CodeSize.bits16) === isChanged ? 4 : 2;
  ensures(bytes <= 8);
  return bytes;
}

/** Width of operands in bytes (APM 3, table 1-2). */
function operandBytes(prefixes: u32, size: CodeSize): u32 {
  if (u32(prefixes & REX_W) !== 0) return 8;
  return (size === CodeSize.bits16) === (u32(prefixes & OPERAND_SIZE) !== 0) ? 4 : 2;
}

/** Stores the register and the widths. `field` is ModRM's reg field. */
function setOperands(instruction: Instruction, form: u32, field: u32, size: CodeSize): void {
  requires(field < 8);
  const prefixes = instruction.prefixes;
  const operand = operandBytes(prefixes, size);
  const bytes = (form & HAS_WIDTH) === 0 ? operand : ownWidth(form, operand);
  const registerBytes = (form & WIDENS) !== 0 ? operand : bytes;
  instruction.bytes = u8(bytes);
  instruction.registerBytes = u8(registerBytes);
  instruction.addressBytes = u8(addressBytes(prefixes, size));
  if (registerBytes === 1 && field >= FIRST_OTHER_BYTE && prefixes <= ALL_BUT_REX) {
    instruction.register = u8(field - FIRST_OTHER_BYTE + FIRST_HIGH_BYTE);
  } else if ((form & MOD_RM) !== 0 && (prefixes & REX_R) !== 0) {
    instruction.register = u8(field + 8);
  }
}

/** Width of the memory operand of a form that has its own. */
function ownWidth(form: u32, operand: u32): u32 {
  if ((form & BYTE) !== 0) return 1;
  if ((form & WORD) !== 0) return 2;
  if ((form & NEVER_WORD) !== 0) return operand === 2 ? 4 : operand;
  return min32(operand, 4);
}

/** Stores the immediate at `place`. Returns its number of bytes. */
function readImmediate(instruction: Instruction, code: Bytes, place: u32): u32 {
  requires(code.length >= READABLE_BYTES && place + 4 <= READABLE_BYTES);
  const count = (instruction.form & SHORT_IMMEDIATE) !== 0 ? 1 : min32(instruction.bytes, 4);
  instruction.immediate = signExtend(code.u32(place), count);
  ensures(count <= 4);
  return count;
}

/** Sign-extends the low `count` bytes of `value`: one, two or four. */
function signExtend(value: u32, count: u32): u64 {
  if (count === 4) return u64(i64(i32(value)));
  return u64(i64(count === 1 ? i32(value << 24) >> 24 : i32(value << 16) >> 16));
}

/** Checks whether the kind of code and the prefixes allow the instruction. */
function decodeCondition(instruction: Instruction, form: u32, size: CodeSize, access: u32): Decoding {
  requires(access <= BOTH);
  const prefixes = instruction.prefixes;
  if (u32(form & (size === CodeSize.bits64 ? NOT_IN_64 : ONLY_IN_64)) !== 0) return Decoding.unknown;
  if ((form & NEVER_WORD) !== 0 && (prefixes & (OPERAND_SIZE | REPEAT)) !== 0) return Decoding.unknown;
  if ((form & STRING) !== 0) instruction.form = u32(u32(form & ~(BOTH << ACCESS_SHIFT)) | (access << ACCESS_SHIFT));
  return (prefixes & LOCK) === 0 || mayBeLocked(form) ? Decoding.done : Decoding.invalid;
}

/** Whether LOCK is allowed: the instruction reads and writes the same memory (APM 3, 1.2.5). */
function mayBeLocked(form: u32): boolean {
  return ((form >>> ACCESS_SHIFT) & BOTH) === BOTH && (form & STRING) === 0;
}
