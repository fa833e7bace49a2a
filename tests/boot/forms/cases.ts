/** The cases of images/bare/forms.asm: each form of the instructions that are decoded, in a state of its own. */
import { CodeSize } from '../../../kernel/instruction/code.js';
import { Operation, READS, SegmentNumber, WRITES } from '../../../kernel/instruction/instruction.js';
import { assembleEach } from '../../kernel/instruction/assemble.js';
import { formsOf, type Form } from '../../kernel/instruction/forms.js';
import {
  type Address,
  addressIn,
  baseOf,
  CODE_AT,
  HIGH,
  leadTo,
  nextSeed,
  ORDINARY,
  Random,
  segmentsFor,
  setLow,
  VIDEO,
} from './places.js';

export interface Case {
  readonly size: CodeSize;
  readonly text: string;
  /** What the instruction is named, and the kind of code. */
  readonly group: string;
  readonly code: Uint8Array;
  readonly segments: number;
  readonly flags: bigint;
  readonly flagsMask: bigint;
  readonly seed: bigint;
  /** Where the window begins in the page. */
  readonly window: bigint;
  readonly registers: readonly bigint[];
  /** Whether the state behind it is printed. */
  readonly isPrinted: boolean;
}

const LOCK = 0xf0;
const BOTH = READS | WRITES;
const SIZES = [CodeSize.bits64, CodeSize.bits32, CodeSize.bits16];
const STRINGS: readonly number[] = [Operation.moveString, Operation.storeString, Operation.loadString];
const BIT_TESTS: readonly number[] = [Operation.bitTest, Operation.bitSet, Operation.bitReset, Operation.bitComplement];
const LOGIC: readonly number[] = [Operation.and, Operation.or, Operation.xor, Operation.test];
const RCX = 1;
const RSI = 6;
const RDI = 7;

/** Flags of arithmetic, and DF. */
const CARRY = 1n;
const AUXILIARY = 1n << 4n;
const DIRECTION = 1n << 10n;
const ALWAYS_SET = 2n;
const COMPARED = 0x8d5n | DIRECTION;

/** Bytes of a window: what the target's quadword is behind, and all. */
const BEFORE_TARGET = 24n;
const WINDOW_WORDS = 8;
/** Targets are at these offsets of the page, so that windows are within it. */
const FIRST_TARGET = 0x40;
const TARGETS = 0xf80 - FIRST_TARGET;
/** Elements of a repeated instruction at most: 24 bytes of 8 each. */
const MOST_ELEMENTS = 4;

/** The cases for each of `forms(size)`, in the order of the kinds of code. */
export function casesOf(file: string, choose: (forms: Form[]) => Form[] = (forms) => forms): Case[] {
  return SIZES.flatMap((size) => {
    const forms = choose(formsOf(size)).filter((form) => !movesByItsAddress(form));
    const codes = assembleEach(file, textsOf(forms), size);
    const random = new Random(BigInt(size));
    return forms.map((form, index) => caseOf(form, codes[index] ?? Buffer.alloc(0), size, random));
  });
}

const textsOf = (forms: readonly Form[]): string[] => forms.map(({ text }) => text);

/** Whether a register is both the number of a bit and part of the address: the bit is then far away, where nothing is mapped. */
function movesByItsAddress({ operation, register, text }: Form): boolean {
  if (!BIT_TESTS.includes(operation) || register === null) return false;
  return addressIn(text).registers.some(({ number }) => number === register);
}

function caseOf(form: Form, assembled: Uint8Array, size: CodeSize, random: Random): Case {
  const registers = randomRegisters(size, random);
  const code = mayBeLocked(form) && random.below(2) === 0 ? Uint8Array.of(LOCK, ...assembled) : assembled;
  const seed = random.bits(64);
  const isString = STRINGS.includes(form.operation);
  const target = isString
    ? setStrings(form, size, registers, random)
    : setOperands(form, code.length - assembled.length, size, registers, random);
  const window = (target & 0xff8n) - BEFORE_TARGET;
  if (form.operation === Operation.compareExchange && random.below(2) === 0) {
    const isFree = addressIn(form.text).registers.every(({ number }) => number !== 0);
    if (isFree) setLow(registers, 0, 8 * form.bytes, memoryAt(target & 0xfffn, window, seed), size);
  }
  return {
    ...{ size, text: form.text, group: groupOf(form, size), code, registers, seed, window, isPrinted: false },
    segments: segmentsFor(form.addressBytes, size),
    flags: (random.bits(12) & COMPARED & (isString ? ~0n : ~DIRECTION)) | ALWAYS_SET,
    flagsMask: definedFlags(form.operation),
  };
}

const PREFIX = /^([c-gs]s|a\d+|repn?e?)?$/;

function groupOf({ text }: Form, size: CodeSize): string {
  return `${text.split(' ').find((word) => !PREFIX.test(word))} in ${size}-bit code`;
}

/** Registers that 32-bit and 16-bit code does not have are set too, and must stay. */
function randomRegisters(size: CodeSize, random: Random): bigint[] {
  return Array.from({ length: 16 }, (_, number) => random.bits(size === CodeSize.bits64 || number >= 8 ? 64 : 32));
}

function mayBeLocked({ access, operation }: Form): boolean {
  return access === BOTH && !STRINGS.includes(operation);
}

/** The flags that the manual leaves undefined are not compared (APM 3, AND, BT). */
function definedFlags(operation: number): bigint {
  if (BIT_TESTS.includes(operation)) return CARRY | DIRECTION;
  return LOGIC.includes(operation) ? COMPARED & ~AUXILIARY : COMPARED;
}

function randomTarget(page: bigint, random: Random): bigint {
  return page + BigInt(FIRST_TARGET + random.below(TARGETS));
}

/** Has the instruction's address lead to video memory. Returns where. */
function setOperands(form: Form, prefixes: number, size: CodeSize, registers: bigint[], random: Random): bigint {
  const address = addressIn(form.text);
  if (BIT_TESTS.includes(form.operation) && form.register !== null) {
    const bits = 8 * form.registerBytes;
    setLow(registers, form.register, bits, random.bits(8) - 0x80n, size);
  }
  if (address.isRelative) return CODE_AT + BigInt(prefixes) + address.displacement;
  const isHigh = form.addressBytes === 8 && hasBase(address) && random.below(2) === 0;
  const target = randomTarget(isHigh ? HIGH + VIDEO : VIDEO, random);
  return leadTo(target, address, form.addressBytes, size, registers, random);
}

/** Registers with a scale cannot make each high address. */
function hasBase({ registers: [base] }: Address): boolean {
  return base?.scale === 1n;
}

/** Has RSI and RDI lead to video memory, or with MOVS one of them to ordinary memory. Returns where the windows are. */
function setStrings(form: Form, size: CodeSize, registers: bigint[], random: Random): bigint {
  const { operation, addressBytes, segment } = form;
  const bits = 8 * addressBytes;
  const target = randomTarget(VIDEO, random);
  const kind = operation === Operation.moveString ? random.below(3) : 0;
  const lead = (register: number, number: number, place: bigint): void => {
    setLow(registers, register, bits, place - baseOf(number, addressBytes, size), size);
  };
  const near = BigInt(random.below(8));
  lead(RSI, segment, kind === 1 ? target + near + (ORDINARY - VIDEO) : target);
  lead(RDI, SegmentNumber.es, kind === 2 ? target + near + (ORDINARY - VIDEO) : target + near);
  if (form.repeats) setLow(registers, RCX, bits, BigInt(random.below(MOST_ELEMENTS)), size);
  return target;
}

/** The eight bytes at `offset` in the page, which is in the window. */
function memoryAt(offset: bigint, window: bigint, seed: bigint): bigint {
  let words = 0n;
  let last = seed;
  for (let index = 0; index < WINDOW_WORDS; index++) {
    last = nextSeed(last);
    words |= last << BigInt(64 * index);
  }
  return BigInt.asUintN(64, words >> (8n * (offset - window)));
}

const HEADER_BYTES = 8;
const CODE_OFFSET = 40;
const REGISTERS_OFFSET = 56;
const CASE_BYTES = REGISTERS_OFFSET + 8 * 16;

/** The initrd that images/bare/forms.asm describes. */
export function initrdOf(cases: readonly Case[]): Buffer {
  const groups = groupsOf(cases);
  const bytes = Buffer.alloc(HEADER_BYTES + CASE_BYTES * cases.length);
  bytes.writeUInt32LE(cases.length, 0);
  cases.forEach((each, index) => {
    const place = bytes.subarray(HEADER_BYTES + CASE_BYTES * index);
    place.writeUInt8(SIZES.indexOf(each.size), 0);
    place.writeUInt8(each.code.length, 1);
    place.writeUInt8(each.segments, 2);
    place.writeUInt8(each.isPrinted ? 1 : 0, 3);
    place.writeUInt32LE(groups.indexOf(each.group), 4);
    const { flags, flagsMask, seed, window, registers } = each;
    [flags, flagsMask, seed, window].forEach((word, i) => place.writeBigUInt64LE(word, 8 + 8 * i));
    place.set(each.code, CODE_OFFSET);
    registers.forEach((word, i) => place.writeBigUInt64LE(word, REGISTERS_OFFSET + 8 * i));
  });
  return bytes;
}

/** The names of the groups of `cases`, by their numbers. */
export function groupsOf(cases: readonly Case[]): string[] {
  return [...new Set(cases.map(({ group }) => group))];
}
