/** The result of decoding an instruction that accessed an intercepted address. */
import { at, struct, U32, U64, U8, type Ref } from '../../transpiler/lib/index.js';

/** Operations. The first eight have the numbers that opcodes use (APM 3, table A-6, group 1). */
export const Operation = {
  add: 0,
  or: 1,
  adc: 2,
  sbb: 3,
  and: 4,
  sub: 5,
  xor: 6,
  cmp: 7,
  /** MOV and MOVNTI; and MOVZX, MOVSX and MOVSXD, where the register is wider than the memory operand. */
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
  /** MOVS, STOS and LODS, for one element each. */
  moveString: 21,
  storeString: 22,
  loadString: 23,
} as const;
export type Operation = (typeof Operation)[keyof typeof Operation];
export const OPERATIONS = 24;

/** How an instruction accesses the intercepted memory. */
export const READS = 1;
export const WRITES = 2;
export const BOTH = READS | WRITES;

/** The segment registers, with their numbers in instructions (APM 3, table 1-10). */
export const SegmentNumber = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 } as const;

export const Instruction = struct(
  'Instruction',
  { size: 24 },
  {
    /** The entry of the opcode (kernel/instruction/opcodes.ts). */
    form: at(0, U32),
    /** The prefixes in the decoder's format; 0 for most forms without any. */
    prefixes: at(4, U32),
    /** The immediate that is the other operand, sign-extended. */
    immediate: at(8, U64),
    /** The width of the memory operand: 1, 2, 4 or 8 bytes. */
    bytes: at(16, U8),
    /**
     * The register that is the other operand, and its width. From FIRST_HIGH_BYTE on it is AH to BH. RAX if there is
     * none.
     */
    register: at(17, U8),
    registerBytes: at(18, U8),
    /** Bytes of an address of a string instruction: 2, 4 or 8. */
    addressBytes: at(19, U8),
    /** Length of the instruction, as far as it is decoded. */
    length: at(20, U32),
  },
);
export type Instruction = Ref<typeof Instruction>;

/** This number and the next three stand for bits 15:8 of RAX, RCX, RDX and RBX. */
export const FIRST_HIGH_BYTE = 16;

/** How decoding ended. */
export const Decoding = {
  /** The instruction is decoded. */
  done: 0,
  /** The decoder does not know the instruction, or it does not access memory as the exit says. */
  unknown: 1,
  /** The instruction raises #UD, because LOCK is not allowed with it. */
  invalid: 2,
  /** The instruction continues in a page that is not present. */
  cut: 3,
} as const;
export type Decoding = (typeof Decoding)[keyof typeof Decoding];
