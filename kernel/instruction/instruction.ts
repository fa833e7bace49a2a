/** What the decoder says of an instruction that touched a trapped address. */
import { at, struct, U32, U64, U8, type Ref } from '../../transpiler/lib/index.js';

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
export const BOTH = READS | WRITES;

/** The segment registers by the numbers that instructions have for them (APM 3, table 1-10). */
export const SegmentNumber = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 } as const;

export const Instruction = struct(
  'Instruction',
  { size: 24 },
  {
    /** The entry of its opcode (kernel/instruction/opcodes.ts). */
    form: at(0, U32),
    /** Its prefixes, as the decoder notes them; 0 for most forms without any. */
    prefixes: at(4, U32),
    /** The other operand, where that is no register; sign-extended. */
    immediate: at(8, U64),
    /** The width of the memory operand: 1, 2, 4 or 8 bytes. */
    bytes: at(16, U8),
    /** The register that is the other operand, from FIRST_HIGH_BYTE on AH to BH, and its width. Without a register, RAX. */
    register: at(17, U8),
    registerBytes: at(18, U8),
    /** Of a string instruction: an address has so many bytes, 2, 4 or 8. */
    addressBytes: at(19, U8),
    /** How many bytes the instruction has, as far as they are decoded. */
    length: at(20, U32),
  },
);
export type Instruction = Ref<typeof Instruction>;

/** Registers with this number and the next three are bits 15:8 of RAX, RCX, RDX and RBX. */
export const FIRST_HIGH_BYTE = 16;

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
