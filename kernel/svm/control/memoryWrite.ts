/**
 * Instructions that write 32 bits to memory, as software writes the registers of a device: MOV, XCHG, and AND, OR, XOR of
 * a register or a constant (APM 3). What they write to is not computed: the nested page fault tells it.
 */
import { at, BOOL, local, struct, u32, U32, u64, u8, type Ref } from '../../../transpiler/lib/index.js';
import {
  CodeSize,
  MOST_BYTES,
  RestOfBytes,
  startReading,
  takeByte,
  type InstructionBytes,
} from './instructionBytes.js';
import { ADDRESS_SIZE, isLegacyPrefix, isNoPrefix, isRex, LOCK, OPERAND_SIZE } from './prefixes.js';

/** What becomes of the memory: the source itself, or what it and the former content give. */
export const WriteKind = { none: 0, move: 1, exchange: 2, or: 3, and: 4, xor: 5 } as const;
export type WriteKind = (typeof WriteKind)[keyof typeof WriteKind];

export const MemoryWrite = struct(
  'MemoryWrite',
  { size: 28 },
  {
    kind: at(0, U32),
    /** The general register that is the source, unless a constant is. */
    register: at(4, U32),
    constant: at(8, U32),
    hasConstant: at(12, BOOL),
    isLocked: at(13, BOOL),
    /** How many bytes it has, as far as they are decoded. */
    length: at(16, U32),
    /** The REX prefix, or 0. */
    rex: at(20, U32),
    hasOperandPrefix: at(24, BOOL),
    hasAddressPrefix: at(25, BOOL),
  },
);
export type MemoryWrite = Ref<typeof MemoryWrite>;

const REX_W = 8;
const REX_R = 4;

/** ModRM (APM 3, 1.4): from here on the operand is a register; a SIB byte follows; no base register in mode 0. */
const REGISTERS = 0xc0;
const HAS_SIB = 4;
const NO_BASE = 5;
const NO_BASE_16 = 6;

const Opcode = {
  orRegister: 0x09,
  andRegister: 0x21,
  xorRegister: 0x31,
  groupConstant: 0x81,
  groupByte: 0x83,
  exchange: 0x87,
  move: 0x89,
  moveAccumulator: 0xa3,
  moveConstant: 0xc7,
} as const;

/** In the reg field of the opcodes 81h and 83h. */
const Group = { or: 1, and: 4, xor: 6 } as const;

/**
 * Decodes `bytes`, code of `size`, into `write`. False where they are something else; where `write.length` is more than
 * `bytes.count` by then, that is because they go on in a page that is not present.
 */
export function decodeWrite(write: MemoryWrite, bytes: InstructionBytes, size: CodeSize): boolean {
  const code = local(RestOfBytes);
  startReading(code, bytes);
  const opcode = takeOpcode(write, code, size);
  const isWrite = isOperand32(write, size) && decodeOpcode(write, code, opcode, size);
  write.length = code.taken;
  return isWrite && write.length <= bytes.count && lockIsAllowed(write);
}

/** Notes the prefixes; of more than fifteen the last one is returned. */
function takeOpcode(write: MemoryWrite, code: RestOfBytes, size: CodeSize): u8 {
  let byte: u8 = takeByte(code);
  while (code.taken <= MOST_BYTES && readPrefix(write, byte, size)) byte = takeByte(code);
  return byte;
}

/** Notes the prefix `byte`; false where it is none. REX counts only directly before the opcode. */
function readPrefix(write: MemoryWrite, byte: u8, size: CodeSize): boolean {
  if (isNoPrefix(byte)) return false;
  if (size === CodeSize.bits64 && isRex(byte)) {
    write.rex = byte;
    return true;
  }
  if (byte === LOCK) write.isLocked = true;
  else if (!isLegacyPrefix(byte)) return false;
  if (byte === OPERAND_SIZE) write.hasOperandPrefix = true;
  if (byte === ADDRESS_SIZE) write.hasAddressPrefix = true;
  write.rex = 0;
  return true;
}

/** Whether the operands have 32 bits (APM 3, table 1-2). */
function isOperand32(write: MemoryWrite, size: CodeSize): boolean {
  return (size === CodeSize.bits16) === write.hasOperandPrefix && u32(write.rex & REX_W) === 0;
}

/** The width of addresses (APM 3, table 1-3). */
function addressBytes(write: MemoryWrite, size: CodeSize): u32 {
  if (size === CodeSize.bits64) return write.hasAddressPrefix ? 4 : 8;
  return (size === CodeSize.bits16) === write.hasAddressPrefix ? 4 : 2;
}

function decodeOpcode(write: MemoryWrite, code: RestOfBytes, opcode: u8, size: CodeSize): boolean {
  if (opcode === Opcode.moveAccumulator) {
    write.kind = WriteKind.move;
    skip(code, addressBytes(write, size));
    return true;
  }
  const modRm = takeByte(code); // all others have one
  write.kind = kindOf(opcode, regField(modRm));
  if (write.kind === WriteKind.none || modRm >= REGISTERS) return false;
  const displacement = addressBytes(write, size) === 2 ? displacement16(modRm) : takeAddress(code, modRm);
  skip(code, displacement);
  readSource(write, code, opcode, modRm, displacement);
  return true;
}

/** `field` is the reg field of ModRM, which belongs to the opcode where a constant is the source. */
function kindOf(opcode: u8, field: u32): WriteKind {
  switch (opcode) {
    case Opcode.move:
      return WriteKind.move;
    case Opcode.moveConstant:
      return field === 0 ? WriteKind.move : WriteKind.none;
    case Opcode.exchange:
      return WriteKind.exchange;
    case Opcode.orRegister:
      return WriteKind.or;
    case Opcode.andRegister:
      return WriteKind.and;
    case Opcode.xorRegister:
      return WriteKind.xor;
    case Opcode.groupConstant:
    case Opcode.groupByte:
      return groupKind(field);
    default:
      return WriteKind.none;
  }
}

function groupKind(field: u32): WriteKind {
  if (field === Group.or) return WriteKind.or;
  if (field === Group.and) return WriteKind.and;
  return field === Group.xor ? WriteKind.xor : WriteKind.none;
}

function regField(modRm: u8): u32 {
  return (modRm >> 3) & 7;
}

/** How many bytes of displacement follow ModRM with addresses of 16 bits. */
function displacement16(modRm: u8): u32 {
  return displacementBytes(modRm, u32(modRm & 7) === NO_BASE_16, 2);
}

/** Takes SIB off, where there is one; returns how many bytes of displacement follow. */
function takeAddress(code: RestOfBytes, modRm: u8): u32 {
  const place = modRm & 7;
  const base = place === HAS_SIB ? takeByte(code) & 7 : place;
  return displacementBytes(modRm, base === NO_BASE, 4);
}

/** Mode 1 has a byte, mode 2 `wide` bytes, mode 0 those only in place of a base register. */
function displacementBytes(modRm: u8, replacesBase: boolean, wide: u32): u32 {
  const mode = modRm >> 6;
  if (mode === 2) return wide;
  if (mode === 1) return 1;
  return replacesBase ? wide : 0;
}

/** A register, or the constant behind the displacement. */
function readSource(write: MemoryWrite, code: RestOfBytes, opcode: u8, modRm: u8, displacement: u32): void {
  const next = u64(code.low >> (8n * u64(displacement & 7))); // four at most
  if (opcode === Opcode.moveConstant || opcode === Opcode.groupConstant) {
    write.constant = u32(next);
    write.hasConstant = true;
    skip(code, 4);
  } else if (opcode === Opcode.groupByte) {
    write.constant = signExtended(u8(next));
    write.hasConstant = true;
    skip(code, 1);
  } else {
    write.register = regField(modRm) + (u32(write.rex & REX_R) !== 0 ? 8 : 0);
  }
}

/** What is skipped is not looked at any more. */
function skip(code: RestOfBytes, count: u32): void {
  code.taken = u32(code.taken + count);
}

function signExtended(byte: u8): u32 {
  return byte < 0x80 ? byte : u32(byte | 0xffff_ff00);
}

/** With LOCK, MOV raises #UD (APM 3, 1.2.5), so it did not get as far as to write. */
function lockIsAllowed(write: MemoryWrite): boolean {
  return !write.isLocked || write.kind !== WriteKind.move;
}
