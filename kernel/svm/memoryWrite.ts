/**
 * Instructions that write 32 bits to memory, as software writes the registers of a device: MOV, XCHG, and AND, OR, XOR of
 * a register or a constant (APM 3). What they write to is not computed: the nested page fault tells it.
 */
import type { u8 } from '../../transpiler/lib/index.js';
import { at, BOOL, struct, u32, U32, type Ref } from '../../transpiler/lib/index.js';
import { CodeSize, instructionByte, instructionWord, MOST_BYTES, type InstructionBytes } from './instructionBytes.js';
import { ADDRESS_SIZE, isLegacyPrefix, isNoPrefix, isRex, LOCK, OPERAND_SIZE } from './prefixes.js';

/** What becomes of the memory: the source itself, or what it and the former content give. */
export const WriteKind = { none: 0, move: 1, exchange: 2, or: 3, and: 4, xor: 5 } as const;
export type WriteKind = (typeof WriteKind)[keyof typeof WriteKind];

export const MemoryWrite = struct(
  'MemoryWrite',
  { size: 40 },
  {
    kind: at(0, U32),
    /** The general register that is the source, unless a constant is. */
    register: at(4, U32),
    constant: at(8, U32),
    hasConstant: at(12, BOOL),
    isLocked: at(13, BOOL),
    /** How many bytes are decoded; in the end the length. */
    length: at(16, U32),
    /** The REX prefix, or 0. */
    rex: at(20, U32),
    /** The widths that the code's size and the prefixes give, in bytes. */
    operandBytes: at(24, U32),
    addressBytes: at(28, U32),
    hasOperandPrefix: at(32, BOOL),
    hasAddressPrefix: at(33, BOOL),
  },
);
export type MemoryWrite = Ref<typeof MemoryWrite>;

const REX_W = 8;
const REX_R = 4;

const OPERAND_32 = 4;

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
  readPrefixes(write, bytes, size);
  const opcode = nextByte(write, bytes);
  if (write.operandBytes !== OPERAND_32 || !decodeOpcode(write, bytes, opcode)) return false;
  return write.length <= bytes.count && lockIsAllowed(write);
}

function readPrefixes(write: MemoryWrite, bytes: InstructionBytes, size: CodeSize): void {
  let length: u32 = 0;
  let byte: u8 = instructionByte(bytes, 0);
  while (length < MOST_BYTES && readPrefix(write, byte, size)) {
    length++;
    byte = instructionByte(bytes, length);
  }
  write.length = length;
  write.operandBytes = (write.rex & REX_W) !== 0 ? 8 : operandBytes(size, write.hasOperandPrefix);
  write.addressBytes = addressBytes(size, write.hasAddressPrefix);
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

/** Without REX.W (APM 3, table 1-2). */
function operandBytes(size: CodeSize, isSwitched: boolean): u32 {
  return (size === CodeSize.bits16) === isSwitched ? 4 : 2;
}

function addressBytes(size: CodeSize, isSwitched: boolean): u32 {
  if (size === CodeSize.bits64) return isSwitched ? 4 : 8;
  return (size === CodeSize.bits16) === isSwitched ? 4 : 2;
}

function decodeOpcode(write: MemoryWrite, bytes: InstructionBytes, opcode: u8): boolean {
  if (opcode === Opcode.moveAccumulator) {
    write.kind = WriteKind.move;
    write.length = u32(write.length + write.addressBytes);
    return true;
  }
  const modRm = nextByte(write, bytes); // all others have one
  write.kind = kindOf(opcode, regField(modRm));
  if (write.kind === WriteKind.none || !skipAddress(write, bytes, modRm)) return false;
  if (opcode === Opcode.moveConstant || opcode === Opcode.groupConstant) readConstant(write, bytes);
  else if (opcode === Opcode.groupByte) readByteConstant(write, bytes);
  else write.register = regField(modRm) + ((write.rex & REX_R) !== 0 ? 8 : 0);
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

/** Skips what follows ModRM: SIB and displacement (APM 3, 1.4). False where the operand is a register. */
function skipAddress(write: MemoryWrite, bytes: InstructionBytes, modRm: u8): boolean {
  const mode = modRm >> 6;
  const place = modRm & 7;
  if (mode === 3) return false;
  if (write.addressBytes === 2) {
    write.length = u32(write.length + displacementBytes(mode, place === 6, 2));
    return true;
  }
  const base = place === 4 ? nextByte(write, bytes) & 7 : place;
  write.length = u32(write.length + displacementBytes(mode, base === 5, 4));
  return true;
}

/** Mode 1 has a byte, mode 2 `wide` bytes, mode 0 those only in place of a base register. */
function displacementBytes(mode: u32, replacesBase: boolean, wide: u32): u32 {
  if (mode === 1) return 1;
  return mode === 2 || replacesBase ? wide : 0;
}

function readConstant(write: MemoryWrite, bytes: InstructionBytes): void {
  write.constant = instructionWord(bytes, write.length);
  write.hasConstant = true;
  write.length = u32(write.length + 4);
}

function readByteConstant(write: MemoryWrite, bytes: InstructionBytes): void {
  const byte = nextByte(write, bytes);
  write.constant = byte < 0x80 ? byte : u32(byte | 0xffff_ff00); // its sign is extended
  write.hasConstant = true;
}

function nextByte(write: MemoryWrite, bytes: InstructionBytes): u8 {
  const length = write.length;
  write.length = u32(length + 1);
  return instructionByte(bytes, length);
}

/** With LOCK, MOV raises #UD (APM 3, 1.2.5), so it did not get as far as to write. */
function lockIsAllowed(write: MemoryWrite): boolean {
  return !write.isLocked || write.kind !== WriteKind.move;
}
