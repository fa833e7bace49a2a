/** What the decoder says of an instruction that touched a trapped address. */
import { at, BOOL, struct, U32, U64, type Ref, type u32 } from '../../transpiler/lib/index.js';

/** The first eight have the numbers by which opcodes name them (APM 3, table A-6, group 1). */
export const Operation = {
  add: 0,
  or: 1,
  adc: 2,
  sbb: 3,
  and: 4,
  sub: 5,
  xor: 6,
  cmp: 7,
  /** MOV, MOVNTI; MOVZX, MOVSX and MOVSXD where the register is wider than the memory. */
  move: 8,
  test: 9,
  not: 10,
  neg: 11,
  inc: 12,
  dec: 13,
  exchange: 14,
  exchangeAdd: 15,
  compareExchange: 16,
  bitTest: 17,
  bitSet: 18,
  bitReset: 19,
  bitComplement: 20,
  /** MOVS, STOS and LODS, one element each. */
  moveString: 21,
  storeString: 22,
  loadString: 23,
} as const;
export type Operation = (typeof Operation)[keyof typeof Operation];
export const OPERATIONS = 24;

/** How an instruction accesses the trapped memory. */
export const READS = 1;
export const WRITES = 2;

/** The segment registers by the numbers that instructions have for them (APM 3, table 1-10). */
export const SegmentNumber = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 } as const;

export const Instruction = struct(
  'Instruction',
  { size: 64 },
  {
    operation: at(0, U32),
    /** READS, WRITES, or both. */
    access: at(4, U32),
    /** The width of the memory operand: 1, 2, 4 or 8 bytes. */
    bytes: at(8, U32),
    /** The register that is the other operand, and its width. Without a register, RAX. */
    register: at(12, U32),
    registerBytes: at(16, U32),
    /** The register is AH, CH, DH or BH: bits 15:8 of the register with this number. */
    isHighByte: at(20, BOOL),
    /** The other operand is `immediate`, which is sign-extended, and not the register. */
    hasImmediate: at(21, BOOL),
    /** The register is the destination, not the memory. */
    isLoad: at(22, BOOL),
    /** What is loaded is sign-extended to the register's width, not zero-extended. */
    isSigned: at(23, BOOL),
    /** MOVS, STOS or LODS has a REP prefix. */
    repeats: at(24, BOOL),
    /** An address has so many bytes: 2, 4 or 8. */
    addressBytes: at(28, U32),
    /** The segment that a prefix names; DS without one. Of MOVS and LODS it is the source's. */
    segment: at(32, U32),
    length: at(36, U32),
    immediate: at(40, U64),
  },
);
export type Instruction = Ref<typeof Instruction>;

/** What the decoder says. */
export const Decoding = {
  /** The instruction is decoded. */
  done: 0,
  /** It is none of those that are decoded, or it does not access memory as the trap says. */
  unknown: 1,
  /** The processor raises #UD for it: LOCK is not allowed with it. */
  invalid: 2,
  /** It goes on in a page that is not present. */
  cut: 3,
} as const;
export type Decoding = (typeof Decoding)[keyof typeof Decoding];

/** Whether it is MOVS, STOS or LODS. */
export function isString(instruction: Instruction): boolean {
  const operation: u32 = instruction.operation;
  return operation >= Operation.moveString;
}
