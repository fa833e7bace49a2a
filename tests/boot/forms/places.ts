/** Where images/bare/formsTables.inc has the code and the memory of the cases, and how registers make such an address. */
import { CodeSize } from '../../../kernel/instruction/code.js';
import { SegmentNumber } from '../../../kernel/instruction/instruction.js';

export const CODE_PAGE = 0x1234_4000n;
export const CODE_AT = CODE_PAGE + 0x200n;
export const VIDEO = 0x1234_5000n;
export const ORDINARY = 0x1234_6000n;
/** At this distance the same memory is mapped a second time, for addresses of 64 bits. */
export const HIGH = 0x3456_0000_0000n;

/** The kinds of data segments: for 32-bit addresses, for 16-bit ones, and for 64-bit code. */
export const Segments = { wide: 0, near: 1, long: 2 } as const;

const DISTANCES = [0x1000n, 0n, 0x2000n, 0n, 0x3000n, 0x4000n];
/** Bases by the number of the segment: ES, CS, SS, DS, FS, GS. The emulator QEMU uses those of ES and SS in 64-bit code, too. */
const BASES = {
  [Segments.wide]: [0x3000n, CODE_PAGE, 0x5000n, 0n, 0x7000n, 0x9000n],
  [Segments.near]: DISTANCES.map((distance) => CODE_PAGE - distance),
  [Segments.long]: [0n, 0n, 0n, 0n, 0x7000n, 0x9000n],
};

export function baseOf(segment: number, addressBytes: number, size: CodeSize): bigint {
  return BASES[segmentsFor(addressBytes, size)][segment] ?? 0n;
}

export function segmentsFor(addressBytes: number, size: CodeSize): 0 | 1 | 2 {
  if (size === CodeSize.bits64) return Segments.long;
  return addressBytes === 2 ? Segments.near : Segments.wide;
}

/** The address of a memory operand: the sum of registers, each times a scale, and of a displacement. */
export interface Address {
  readonly segment: number;
  readonly displacement: bigint;
  readonly isRelative: boolean;
  readonly registers: readonly { readonly number: number; readonly scale: bigint }[];
}

const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const OPERAND = /\[(?:(\w\w):)?(?:(?:word|dword|qword|abs|rel|nosplit) )?([^\]]+)\]/;
const TERM = /([+-]?)([$\w]+)(?:\*(\d))?/g;
const LETTERS = 'acdb';
const POINTERS = ['sp', 'bp', 'si', 'di'];
const STACK_REGISTERS = [4, 5];

/** The address in the text of an instruction. With RSP or RBP as its base it is in the stack's segment (APM 3, 1.2.3). */
export function addressIn(text: string): Address {
  const [, named, sum = ''] = OPERAND.exec(text) ?? [];
  let displacement = 0n;
  const registers: { number: number; scale: bigint }[] = [];
  for (const [, sign, term = '', scale = '1'] of sum.matchAll(TERM)) {
    if (/^\d/.test(term)) displacement += sign === '-' ? -BigInt(term) : BigInt(term);
    else if (term !== '$') registers.push({ number: numberOf(term), scale: BigInt(scale) });
  }
  const [base] = registers;
  const usesStack = base?.scale === 1n && STACK_REGISTERS.includes(base.number);
  const usual = usesStack ? SegmentNumber.ss : SegmentNumber.ds;
  const segment = named === undefined ? usual : SEGMENT_NAMES.indexOf(named);
  return { segment, displacement, registers, isRelative: sum.startsWith('$') };
}

/** The number of a general register, whatever part of it the name means. */
function numberOf(name: string): number {
  const [, extended] = /^r(\d+)/.exec(name) ?? [];
  if (extended !== undefined) return Number(extended);
  const pointer = POINTERS.indexOf(name.slice(-2));
  return pointer >= 0 ? 4 + pointer : LETTERS.indexOf(name.slice(-2, -1));
}

/** Random numbers that are the same in each run. */
export class Random {
  #state: bigint;

  constructor(seed: bigint) {
    this.#state = seed;
  }

  /** A number of so many bits. */
  bits(count: number): bigint {
    this.#state = nextSeed(this.#state);
    const mixed = this.#state ^ (this.#state >> 29n);
    return BigInt.asUintN(count, nextSeed(mixed) >> BigInt(64 - count));
  }

  below(count: number): number {
    return Number((this.bits(32) * BigInt(count)) >> 32n);
  }
}

const MULTIPLIER = 0x9e37_79b9_7f4a_7c15n;

/** The quadword behind `seed` with which forms.asm fills memory. */
export function nextSeed(seed: bigint): bigint {
  return BigInt.asUintN(64, seed * MULTIPLIER + 1n);
}

/**
 * Sets `registers` so that `address`, of `addressBytes` bytes, leads to the linear address `target` or up to seven bytes below it.
 * Returns where it leads.
 */
export function leadTo(
  target: bigint,
  address: Address,
  addressBytes: number,
  size: CodeSize,
  registers: bigint[],
  random: Random,
): bigint {
  const bits = 8 * addressBytes;
  const origin = baseOf(address.segment, addressBytes, size) + address.displacement;
  const [base, index] = address.registers;
  if (base === undefined) return origin;
  let distance = target - origin;
  if (index !== undefined) {
    const value = random.bits(7);
    setLow(registers, index.number, bits, value, size);
    distance -= value * index.scale;
  }
  const value = distance / base.scale;
  setLow(registers, base.number, bits, value, size);
  return target - (distance - value * base.scale);
}

/** Sets the low bits of a register. Those above do not count in addresses, so they are kept. */
export function setLow(registers: bigint[], number: number, bits: number, value: bigint, size: CodeSize): void {
  const rest = (registers[number] ?? 0n) >> BigInt(bits);
  const whole = size === CodeSize.bits64 ? 64 : 32;
  registers[number] = BigInt.asUintN(whole, (rest << BigInt(bits)) | BigInt.asUintN(bits, value));
}
