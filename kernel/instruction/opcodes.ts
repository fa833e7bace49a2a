/**
 * The opcodes that the decoder knows, in the rows and the notation of the manual's opcode maps (APM 3, appendix A.1; SDM
 * 2D, appendix A): E is the operand that ModRM addresses, G the register in ModRM's reg field, O an address of its own, I
 * an immediate; b is a byte, w a word, d a doubleword, v the operand size, z that but four bytes for eight. An entry of
 * 0 is an opcode that the decoder does not know.
 */
import { list, U32 } from '../../transpiler/lib/index.js';
import { Operation, READS, SegmentNumber, WRITES } from './instruction.js';

/** Bits 4:0 of an entry are the operation, and bits 6:5 the access. */
export const OPERATION = 0x1f;
export const ACCESS_SHIFT = 5;
const R = READS << ACCESS_SHIFT;
const W = WRITES << ACCESS_SHIFT;
const RW = R | W;

/** The memory operand has a byte, a word, a doubleword; without them it has the operand size. */
export const BYTE = 1 << 7;
export const WORD = 1 << 8;
export const DOUBLEWORD = 1 << 9;
/** The register is the destination; it has the operand size; what is loaded is sign-extended to that. */
export const LOAD = 1 << 10;
export const WIDENS = 1 << 11;
export const SIGNED = 1 << 12;
/** What follows the opcode: ModRM; an address; at the end a byte that is sign-extended, or as many bytes as the operand. */
export const MOD_RM = 1 << 13;
export const OFFSET = 1 << 14;
export const SHORT_IMMEDIATE = 1 << 15;
export const IMMEDIATE = 1 << 16;
export const STRING = 1 << 17;
/** Operands have no word, not even in 16-bit code; with the prefixes 66h, F2h and F3h the opcode does not exist. */
export const NEVER_WORD = 1 << 18;
/** The reg field is a part of the opcode: from bit 24 on is the place of the row in `groups` that has the rest of the entry. */
export const GROUP = 1 << 19;
export const GROUP_SHIFT = 24;
export const GROUP_PLACES = 0x38;
/** The opcode does not exist in 64-bit code; it exists only there. */
export const NOT_IN_64 = 1 << 20;
export const ONLY_IN_64 = 1 << 21;
/** The byte is no opcode but a prefix, REX in 64-bit code, or the escape to the second map. */
export const PREFIX = 1 << 22;
export const REX = 1 << 23;
export const ESCAPE = 1 << 30;
/** Of a prefix: which one it is. Bits 2:0 are a segment's number. */
export const SEGMENT_NUMBER = 7;
export const OPERAND_SIZE = 1 << 8;
export const ADDRESS_SIZE = 1 << 9;
export const LOCK = 1 << 10;
export const REPEAT = 1 << 11;
export const SEGMENT = 1 << 12;

const EbGb = MOD_RM | BYTE;
const EvGv = MOD_RM;
const GbEb = MOD_RM | BYTE | LOAD;
const GvEv = MOD_RM | LOAD;
const GvEb = MOD_RM | BYTE | LOAD | WIDENS;
const GvEw = MOD_RM | WORD | LOAD | WIDENS;
const GvEd = MOD_RM | DOUBLEWORD | LOAD | WIDENS;
const ALOb = OFFSET | BYTE | LOAD;
const rAXOv = OFFSET | LOAD;
const ObAL = OFFSET | BYTE;
const OvrAX = OFFSET;

const add = Operation.add;
const or = Operation.or;
const adc = Operation.adc;
const sbb = Operation.sbb;
const and = Operation.and;
const sub = Operation.sub;
const xor = Operation.xor;
const cmp = Operation.cmp;
const mov = Operation.move;
const test = Operation.test;
const xchg = Operation.exchange;
const xadd = Operation.exchangeAdd;
const cmpxchg = Operation.compareExchange;
const bt = Operation.bitTest;
const bts = Operation.bitSet;
const btr = Operation.bitReset;
const btc = Operation.bitComplement;
const movs = Operation.moveString | STRING | RW;
const stos = Operation.storeString | STRING | W;
const lods = Operation.loadString | STRING | R | LOAD;

const es = PREFIX | SEGMENT | SegmentNumber.es;
const cs = PREFIX | SEGMENT | SegmentNumber.cs;
const ss = PREFIX | SEGMENT | SegmentNumber.ss;
const ds = PREFIX | SEGMENT | SegmentNumber.ds;
const fs = PREFIX | SEGMENT | SegmentNumber.fs;
const gs = PREFIX | SEGMENT | SegmentNumber.gs;
const size = PREFIX | OPERAND_SIZE;
const addr = PREFIX | ADDRESS_SIZE;
const lock = PREFIX | LOCK;
const rep = PREFIX | REPEAT;
const rex = REX;
const map2 = ESCAPE;

/** Groups 1, 2 (which is not decoded), 3, 4 and 5, 11 and 8 of the manual, by their rows in `groups`. */
const GROUP_1 = MOD_RM | GROUP;
const GROUP_3 = MOD_RM | GROUP | (8 << GROUP_SHIFT);
const GROUP_5 = MOD_RM | GROUP | (16 << GROUP_SHIFT);
const GROUP_11 = MOD_RM | GROUP | (24 << GROUP_SHIFT);
const GROUP_8 = MOD_RM | GROUP | (32 << GROUP_SHIFT);
const Eb1 = GROUP_1 | BYTE | IMMEDIATE;
const Ev1 = GROUP_1 | IMMEDIATE;
const Es1 = GROUP_1 | SHORT_IMMEDIATE;
const Eb3 = GROUP_3 | BYTE;
const Eb11 = GROUP_11 | BYTE | IMMEDIATE;
const Ev11 = GROUP_11 | IMMEDIATE;
const Ev8 = GROUP_8 | SHORT_IMMEDIATE;

/** The first map, by the opcode; eight to a row. */
// prettier-ignore
export const firstMap = list(U32, [
  /* 00 */ EbGb | RW | add, EvGv | RW | add, GbEb | R | add, GvEv | R | add, 0, 0, 0, 0,
  /* 08 */ EbGb | RW | or, EvGv | RW | or, GbEb | R | or, GvEv | R | or, 0, 0, 0, map2,
  /* 10 */ EbGb | RW | adc, EvGv | RW | adc, GbEb | R | adc, GvEv | R | adc, 0, 0, 0, 0,
  /* 18 */ EbGb | RW | sbb, EvGv | RW | sbb, GbEb | R | sbb, GvEv | R | sbb, 0, 0, 0, 0,
  /* 20 */ EbGb | RW | and, EvGv | RW | and, GbEb | R | and, GvEv | R | and, 0, 0, es, 0,
  /* 28 */ EbGb | RW | sub, EvGv | RW | sub, GbEb | R | sub, GvEv | R | sub, 0, 0, cs, 0,
  /* 30 */ EbGb | RW | xor, EvGv | RW | xor, GbEb | R | xor, GvEv | R | xor, 0, 0, ss, 0,
  /* 38 */ EbGb | R | cmp, EvGv | R | cmp, GbEb | R | cmp, GvEv | R | cmp, 0, 0, ds, 0,
  /* 40 */ rex, rex, rex, rex, rex, rex, rex, rex,
  /* 48 */ rex, rex, rex, rex, rex, rex, rex, rex,
  /* 50 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* 58 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* 60 */ 0, 0, 0, GvEd | R | mov | SIGNED | ONLY_IN_64, fs, gs, size, addr,
  /* 68 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* 70 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* 78 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* 80 */ Eb1, Ev1, Eb1 | NOT_IN_64, Es1, EbGb | R | test, EvGv | R | test, EbGb | RW | xchg, EvGv | RW | xchg,
  /* 88 */ EbGb | W | mov, EvGv | W | mov, GbEb | R | mov, GvEv | R | mov, 0, 0, 0, 0,
  /* 90 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* 98 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* A0 */ ALOb | R | mov, rAXOv | R | mov, ObAL | W | mov, OvrAX | W | mov, movs | BYTE, movs, 0, 0,
  /* A8 */ 0, 0, stos | BYTE, stos, lods | BYTE, lods, 0, 0,
  /* B0 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* B8 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* C0 */ 0, 0, 0, 0, 0, 0, Eb11, Ev11,
  /* C8 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* D0 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* D8 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* E0 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* E8 */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* F0 */ lock, 0, rep, rep, 0, 0, Eb3, GROUP_3,
  /* F8 */ 0, 0, 0, 0, 0, 0, GROUP_5 | BYTE, GROUP_5,
]);

/** The opcodes behind 0Fh, from A0h to CFh: none of the others is decoded. */
export const SECOND_MAP_START = 0xa0;
// prettier-ignore
export const secondMap = list(U32, [
  /* A0 */ 0, 0, 0, EvGv | R | bt, 0, 0, 0, 0,
  /* A8 */ 0, 0, 0, EvGv | RW | bts, 0, 0, 0, 0,
  /* B0 */ EbGb | RW | cmpxchg, EvGv | RW | cmpxchg, 0, EvGv | RW | btr, 0, 0, GvEb | R | mov, GvEw | R | mov,
  /* B8 */ 0, 0, Ev8, EvGv | RW | btc, 0, 0, GvEb | R | mov | SIGNED, GvEw | R | mov | SIGNED,
  /* C0 */ EbGb | RW | xadd, EvGv | RW | xadd, 0, EvGv | W | mov | NEVER_WORD, 0, 0, 0, 0,
  /* C8 */ 0, 0, 0, 0, 0, 0, 0, 0,
]);

/** What the reg field adds to the entry of an opcode with GROUP: a row for each group. No group has the last three. */
// prettier-ignore
export const groups = list(U32, [
  /*  1 */ RW | add, RW | or, RW | adc, RW | sbb, RW | and, RW | sub, RW | xor, R | cmp,
  /*  3 */ R | test | IMMEDIATE, R | test | IMMEDIATE, RW | Operation.not, RW | Operation.neg, 0, 0, 0, 0,
  /*  5 */ RW | Operation.inc, RW | Operation.dec, 0, 0, 0, 0, 0, 0,
  /* 11 */ W | mov, 0, 0, 0, 0, 0, 0, 0,
  /*  8 */ 0, 0, 0, 0, R | bt, RW | bts, RW | btr, RW | btc,
  /* no */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* no */ 0, 0, 0, 0, 0, 0, 0, 0,
  /* no */ 0, 0, 0, 0, 0, 0, 0, 0,
]);
