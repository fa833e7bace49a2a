/**
 * Decodes the instruction that touched a trapped address. Which address that is, the processor tells: of an address in
 * the code only the length is looked at.
 */
import { ensures, i32, i64, invariant, min32, requires, u32, u64, type Bytes } from '../../transpiler/lib/index.js';
import { CodeSize, MOST_BYTES, READABLE_BYTES } from './code.js';
import { Decoding, isString, READS, SegmentNumber, WRITES, type Instruction } from './instruction.js';
import {
  ACCESS_SHIFT,
  ADDRESS_SIZE,
  BYTE,
  DOUBLEWORD,
  ESCAPE,
  firstMap,
  GROUP,
  GROUP_SHIFT,
  groups,
  IMMEDIATE,
  LOAD,
  LOCK,
  MOD_RM,
  NEVER_WORD,
  NOT_IN_64,
  OFFSET,
  ONLY_IN_64,
  OPERAND_SIZE,
  OPERATION,
  PREFIX,
  REPEAT,
  REX,
  SECOND_MAP_START,
  secondMap,
  SEGMENT,
  SHORT_IMMEDIATE,
  SIGNED,
  STRING,
  WIDENS,
  WORD,
} from './opcodes.js';

const BOTH = READS | WRITES;

/** ModRM (APM 3, 1.4): from here on the operand is a register; a SIB byte follows; no base register in mode 0. */
const REGISTERS = 0xc0;
const HAS_SIB = 4;
const NO_BASE = 5;
const NO_BASE_16 = 6;
/** Without REX, the numbers from 4 on are those of AH, CH, DH and BH in place of the low bytes (APM 3, table 1-10). */
const FIRST_HIGH_BYTE = 4;

/** What is noted of the prefixes: the segment's number in bits 2:0, what the entries of `firstMap` say, and REX. */
const SEGMENT_NUMBER = 7;
const REX_SHIFT = 16;
const PREFIX_FLAGS = OPERAND_SIZE | ADDRESS_SIZE | LOCK | REPEAT;
const ALL_BUT_REX = 0xffff;
/** REX: the operand has 64 bits; bit 3 of ModRM's reg field (APM 3, 1.2.7). */
const REX_W = 8 << REX_SHIFT;
const REX_R = 4 << REX_SHIFT;
/** A row of `groups` has eight entries. */
const GROUP_ROWS = 7;
const GROUP_ENTRIES = 8;
/** The entries that some code or some prefix excludes. */
const HAS_CONDITION = NOT_IN_64 | ONLY_IN_64 | NEVER_WORD;

/**
 * Decodes the first instruction of `code`, of which `count` bytes are the guest's code of `size`. The processor says that
 * it does `access`, READS or WRITES, to the trapped address; a MOVS, which does both, is then taken to do that there.
 */
export function decode(instruction: Instruction, code: Bytes, count: u32, size: CodeSize, access: u32): Decoding {
  requires(code.length >= READABLE_BYTES);
  const decoding = decodePrefixes(instruction, code, size, access);
  if (instruction.length <= count) return decoding;
  return count < MOST_BYTES ? Decoding.cut : Decoding.unknown;
}

/** Of fifteen prefixes the last one stands for the opcode. It is none. */
function decodePrefixes(instruction: Instruction, code: Bytes, size: CodeSize, access: u32): Decoding {
  requires(code.length >= READABLE_BYTES);
  const marks = size === CodeSize.bits64 ? PREFIX | REX : PREFIX;
  let prefixes: u32 = SegmentNumber.ds;
  let place: u32 = 1;
  let byte: u32 = code.u8(0);
  let entry: u32 = firstMap.get(byte);
  while ((entry & marks) !== 0 && place < MOST_BYTES) {
    invariant(place <= MOST_BYTES && byte <= 0xff);
    prefixes = (entry & REX) !== 0 ? (prefixes & ALL_BUT_REX) | (byte << REX_SHIFT) : addPrefix(prefixes, entry, size);
    byte = code.u8(place);
    entry = firstMap.get(byte);
    place++;
  }
  if ((entry & ESCAPE) !== 0) {
    entry = secondEntry(code.u8(place));
    place++;
  }
  instruction.length = place;
  instruction.segment = prefixes & SEGMENT_NUMBER;
  instruction.addressBytes = addressBytes(prefixes, size);
  return decodeOpcode(instruction, code, entry, prefixes, size, access);
}

/**
 * Notes a prefix; REX before it does not count. In 64-bit code those of ES, CS, SS and DS mean nothing, not even that one
 * of FS or GS does not count (APM 3, 1.2.4 and 1.2.7).
 */
function addPrefix(prefixes: u32, entry: u32, size: CodeSize): u32 {
  if ((entry & SEGMENT) === 0) return (prefixes & ALL_BUT_REX) | (entry & PREFIX_FLAGS);
  const number = entry & SEGMENT_NUMBER;
  if (size === CodeSize.bits64 && number < SegmentNumber.fs) return prefixes & ALL_BUT_REX;
  return (prefixes & (ALL_BUT_REX & ~SEGMENT_NUMBER)) | number;
}

function secondEntry(opcode: u32): u32 {
  const index = u32(opcode - SECOND_MAP_START);
  return index < secondMap.length ? secondMap.get(index) : 0;
}

/** The width of addresses (APM 3, table 1-3). */
function addressBytes(prefixes: u32, size: CodeSize): u32 {
  const isChanged = u32(prefixes & ADDRESS_SIZE) !== 0;
  if (size === CodeSize.bits64) return isChanged ? 4 : 8;
  return (size === CodeSize.bits16) === isChanged ? 4 : 2;
}

/** The width of operands (APM 3, table 1-2). */
function operandBytes(prefixes: u32, size: CodeSize): u32 {
  if (u32(prefixes & REX_W) !== 0) return 8;
  return (size === CodeSize.bits16) === (u32(prefixes & OPERAND_SIZE) !== 0) ? 4 : 2;
}

/** Decodes what follows the opcode, whose entry in the maps is `entry`. */
function decodeOpcode(
  instruction: Instruction,
  code: Bytes,
  entry: u32,
  prefixes: u32,
  size: CodeSize,
  access: u32,
): Decoding {
  requires(code.length >= READABLE_BYTES);
  const opcodeEnd = instruction.length;
  if (opcodeEnd > MOST_BYTES + 1) return Decoding.unknown;
  const modRm: u32 = (entry & MOD_RM) !== 0 ? code.u8(opcodeEnd) : 0;
  const whole = (entry & GROUP) !== 0 ? groupEntry(entry, modRm) : entry;
  let place: u32 = opcodeEnd;
  if ((entry & MOD_RM) !== 0)
    place = place + 1 + addressLength(modRm, code.u8(opcodeEnd + 1), instruction.addressBytes);
  else if ((entry & OFFSET) !== 0) place = place + min32(instruction.addressBytes, 8);
  setOperands(instruction, whole, prefixes, modRm, operandBytes(prefixes, size));
  instruction.length = place + readImmediate(instruction, code, whole, place);
  if (modRm >= REGISTERS || u32(instruction.access & access) === 0) return Decoding.unknown;
  if (isString(instruction)) instruction.access = access;
  return (whole & HAS_CONDITION) === 0 && (prefixes & LOCK) === 0 ? Decoding.done : condition(whole, prefixes, size);
}

function groupEntry(entry: u32, modRm: u32): u32 {
  requires(modRm <= 0xff);
  const index = ((entry >>> GROUP_SHIFT) & GROUP_ROWS) * GROUP_ENTRIES + regField(modRm);
  return index < groups.length ? u32(entry | groups.get(index)) : 0;
}

/** How many bytes of SIB and displacement follow ModRM; `sib` is the first one of them. */
function addressLength(modRm: u32, sib: u32, bytesOfAddress: u32): u32 {
  requires(modRm <= 0xff);
  const place = modRm & 7;
  if (bytesOfAddress === 2) return displacementBytes(modRm, place === NO_BASE_16, 2);
  if (place !== HAS_SIB) return displacementBytes(modRm, place === NO_BASE, 4);
  return 1 + displacementBytes(modRm, (sib & 7) === NO_BASE, 4);
}

/** Mode 1 has a byte, mode 2 `wide` bytes, mode 0 those only in place of a base register. */
function displacementBytes(modRm: u32, replacesBase: boolean, wide: u32): u32 {
  requires(modRm <= 0xff && wide <= 4);
  const mode = modRm >>> 6;
  const count: u32 = mode === 2 || (mode === 0 && replacesBase) ? wide : mode & 1;
  ensures(count <= 4);
  return count;
}

function regField(modRm: u32): u32 {
  requires(modRm <= 0xff);
  return (modRm >>> 3) & 7;
}

function setOperands(instruction: Instruction, entry: u32, prefixes: u32, modRm: u32, operand: u32): void {
  requires(modRm <= 0xff && operand <= 8);
  const bytes = memoryBytes(entry, operand);
  const registerBytes = (entry & WIDENS) !== 0 ? operand : bytes;
  instruction.operation = entry & OPERATION;
  instruction.access = (entry >>> ACCESS_SHIFT) & BOTH;
  instruction.bytes = bytes;
  instruction.registerBytes = registerBytes;
  instruction.isLoad = (entry & LOAD) !== 0;
  instruction.isSigned = (entry & SIGNED) !== 0;
  instruction.repeats = (entry & STRING) !== 0 && (prefixes & REPEAT) !== 0;
  const number = regField(modRm);
  if (registerBytes === 1 && number >= FIRST_HIGH_BYTE && prefixes <= ALL_BUT_REX) {
    instruction.isHighByte = true;
    instruction.register = number - FIRST_HIGH_BYTE;
  } else {
    instruction.isHighByte = false;
    instruction.register = (entry & MOD_RM) !== 0 && (prefixes & REX_R) !== 0 ? number + 8 : number;
  }
}

/** The width of the memory operand where operands have `operand` bytes. */
function memoryBytes(entry: u32, operand: u32): u32 {
  requires(operand <= 8);
  if ((entry & (BYTE | WORD | DOUBLEWORD | NEVER_WORD)) === 0) return operand;
  if ((entry & BYTE) !== 0) return 1;
  if ((entry & NEVER_WORD) !== 0) return operand === 2 ? 4 : operand;
  return (entry & WORD) !== 0 ? 2 : min32(operand, 4);
}

/** Notes the immediate at `place`. Returns how many bytes it has. */
function readImmediate(instruction: Instruction, code: Bytes, entry: u32, place: u32): u32 {
  requires(code.length >= READABLE_BYTES && place + 4 <= READABLE_BYTES);
  const isShort = (entry & SHORT_IMMEDIATE) !== 0;
  const count: u32 = isShort ? 1 : (entry & IMMEDIATE) !== 0 ? min32(instruction.bytes, 4) : 0;
  instruction.hasImmediate = count !== 0;
  if (count !== 0) instruction.immediate = signExtend(code.u32(place), count);
  ensures(count <= 4);
  return count;
}

/** The low `count` bytes of `value`: one, two, or four. */
function signExtend(value: u32, count: u32): u64 {
  if (count === 1) return u64(i64(i32(value << 24) >> 24));
  return u64(i64(count === 2 ? i32(value << 16) >> 16 : i32(value)));
}

/** What the code, or a prefix, may make of the instruction. */
function condition(entry: u32, prefixes: u32, size: CodeSize): Decoding {
  if ((entry & (size === CodeSize.bits64 ? NOT_IN_64 : ONLY_IN_64)) !== 0) return Decoding.unknown;
  if ((entry & NEVER_WORD) !== 0 && (prefixes & (OPERAND_SIZE | REPEAT)) !== 0) return Decoding.unknown;
  return (prefixes & LOCK) === 0 || mayBeLocked(entry) ? Decoding.done : Decoding.invalid;
}

/** LOCK is for what reads and writes one and the same place (APM 3, 1.2.5). */
function mayBeLocked(entry: u32): boolean {
  return ((entry >>> ACCESS_SHIFT) & BOTH) === BOTH && (entry & STRING) === 0;
}
