/** Every form of the instructions that are decoded, as assembly and as what it is known to be. */
import { CodeSize } from '../../../kernel/instruction/code.js';
import { Operation, READS, WRITES } from '../../../kernel/instruction/instruction.js';

export interface Form {
  readonly text: string;
  readonly operation: Operation;
  readonly access: number;
  readonly bytes: number;
  readonly register: number | null;
  readonly registerBytes: number;
  readonly isHighByte: boolean;
  readonly immediate: bigint | null;
  readonly isLoad: boolean;
  readonly isSigned: boolean;
  readonly repeats: boolean;
  readonly addressBytes: number;
  readonly segment: number;
}

const RW = READS | WRITES;
const LETTERS = ['a', 'c', 'd', 'b'];
const POINTERS = ['sp', 'bp', 'si', 'di'];
const WIDTH_NAMES: Readonly<Record<number, string>> = { 1: 'byte', 2: 'word', 4: 'dword', 8: 'qword' };

interface Register {
  readonly name: string;
  readonly number: number;
  readonly isHighByte: boolean;
  /** It needs a REX prefix, or forbids one. */
  readonly rex: 'needed' | 'forbidden' | 'either';
}

/** The registers of `bytes` bytes in code of `size`. */
function registers(bytes: number, size: CodeSize): Register[] {
  const named = (name: string, number: number, rex: Register['rex'] = 'either'): Register => ({
    ...{ name, number, rex, isHighByte: false },
  });
  const isLong = size === CodeSize.bits64;
  const more = isLong ? [8, 9, 12, 13, 15] : [];
  const suffix = { 1: 'b', 2: 'w', 4: 'd' }[bytes] ?? '';
  const extended = more.map((number) => named(`r${number}${suffix}`, number, 'needed'));
  if (bytes !== 1) {
    const letter = { 2: '', 4: 'e', 8: 'r' }[bytes] ?? '';
    const old = [...LETTERS.map((name) => `${name}x`), ...POINTERS].map((name) => `${letter}${name}`);
    return [...old.map((name, number) => named(name, number)), ...extended];
  }
  const low = LETTERS.map((letter, number) => named(`${letter}l`, number));
  const high = LETTERS.map(
    (letter, number): Register => ({
      ...{ name: `${letter}h`, number, isHighByte: true, rex: 'forbidden' },
    }),
  );
  const newer = isLong ? POINTERS.map((name, number) => named(`${name}l`, 4 + number, 'needed')) : [];
  return [...low, ...high, ...newer, ...extended];
}

interface Address {
  readonly text: string;
  readonly bytes: number;
  readonly segment: number;
  readonly hasRex: boolean;
}

const address = (text: string, bytes: number, segment = 3, hasRex = false): Address => ({
  ...{ text, bytes, segment, hasRex },
});

const ADDRESSES_16 = [
  'bx',
  'bx+si',
  'bp+di',
  'si',
  'bp',
  'bp+5',
  'di-5',
  'bp+si+0x1234',
  'bx+di-0x1234',
  'word 0x1234',
];
const ADDRESSES_32 = [
  ...['eax', 'ebp', 'esp', 'edi+5', 'ebp-5', 'esp+5', 'eax+ebx', 'ebp+ecx*2', 'esp+esi*4+5', 'ebp+edx*8+0x12345'],
  ...['ebx*8+0x12345', 'esi+0x12345', 'dword 0x12345678'],
];
const ADDRESSES_64 = [
  ...['rax', 'rbp', 'rsp', 'rdi+5', 'rbp-5', 'rsp+5', 'rax+rbx', 'rbp+rcx*2', 'rsp+rsi*4+5', 'rbp+rdx*8+0x12345'],
  ...['nosplit rbx*8+0x12345', 'rsi+0x12345', 'abs 0x12345678', 'rel $+0x1234'],
];
const ADDRESSES_REX = ['r8', 'r12', 'r13', 'r13+r12*2', 'r12+r13*8+0x12345', 'rax+r9', 'r15-5', 'r10+0x1234567'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

function addresses(size: CodeSize): Address[] {
  const plain = (texts: readonly string[], bytes: number) => texts.map((text) => address(text, bytes));
  const long = size === CodeSize.bits64;
  const base = { 16: 'bx', 32: 'ebx', 64: 'rbx' }[size];
  const inSegments = SEGMENTS.map((name, number) =>
    address(`${name}:${base}`, size / 8, long && number < 4 ? 3 : number),
  );
  if (!long) return [...plain(ADDRESSES_16, 2), ...plain(ADDRESSES_32, 4), ...inSegments];
  return [
    ...plain(ADDRESSES_64, 8),
    ...plain(ADDRESSES_32.slice(0, -1), 4),
    ...ADDRESSES_REX.map((text) => address(text, 8, 3, true)),
    ...inSegments,
  ];
}

/** A register beside each address, and an address beside each register, but for the pairs that have no encoding. */
function pairs(bytes: number, size: CodeSize): [Address, Register][] {
  const places = addresses(size);
  const names = registers(bytes, size);
  const all = places.map((place, i): [Address, Register] => [place, names[(i * 7) % names.length] as Register]);
  const more = names.map((name, i): [Address, Register] => [places[(i * 5) % places.length] as Address, name]);
  return [...all, ...more].filter(([place, name]) => name.rex !== 'forbidden' || !(place.hasRex || bytes === 8));
}

const NOTHING = {
  ...{ register: null, registerBytes: 0, isHighByte: false, immediate: null, isLoad: false, isSigned: false },
  ...{ repeats: false, segment: 3 },
};

const widths = (size: CodeSize, from = 1): number[] =>
  [1, 2, 4, 8].filter((bytes) => bytes >= from && (bytes < 8 || size === CodeSize.bits64));

/** `NAME [memory], register`, or the other way round. */
function withRegister(name: string, operation: Operation, access: number, isLoad: boolean, from = 1) {
  return (size: CodeSize): Form[] =>
    widths(size, from).flatMap((bytes) =>
      pairs(bytes, size).map(
        ([place, { name: register, number, isHighByte }]): Form => ({
          ...NOTHING,
          ...{ operation, access, bytes, register: number, registerBytes: bytes, isHighByte, isLoad },
          ...{ addressBytes: place.bytes, segment: place.segment },
          text: isLoad ? `${name} ${register}, [${place.text}]` : `${name} [${place.text}], ${register}`,
        }),
      ),
    );
}

/** `NAME [memory], constant`, with `values` as constants of an operand of so many bytes. */
function withConstant(name: string, operation: Operation, access: number, values = constants, from = 1) {
  return (size: CodeSize): Form[] =>
    widths(size, from).flatMap((bytes) =>
      addresses(size).flatMap((place) =>
        values(bytes).map(
          (value): Form => ({
            ...NOTHING,
            ...{ operation, access, bytes, immediate: BigInt.asUintN(64, BigInt(value)) },
            ...{ addressBytes: place.bytes, segment: place.segment },
            text: `${name} ${WIDTH_NAMES[bytes]} [${place.text}], ${value}`,
          }),
        ),
      ),
    );
}

function constants(bytes: number): number[] {
  const small = [5, -5];
  if (bytes === 1) return small;
  return bytes === 2 ? [...small, 0x1234, -0x1234] : [...small, 0x1234_5678, -0x1234_5678];
}

/** Numbers of bits are bytes, the high bits of which do not count. */
const bitNumbers = (): number[] => [5, 0x7b];

/** `NAME [memory]`. */
function alone(name: string, operation: Operation) {
  return (size: CodeSize): Form[] =>
    widths(size).flatMap((bytes) =>
      addresses(size).map(
        (place): Form => ({
          ...NOTHING,
          ...{ operation, access: RW, bytes, addressBytes: place.bytes, segment: place.segment },
          text: `${name} ${WIDTH_NAMES[bytes]} [${place.text}]`,
        }),
      ),
    );
}

/** MOVZX and MOVSX from `bytes` bytes. */
function widening(name: string, bytes: number, isSigned: boolean) {
  return (size: CodeSize): Form[] =>
    widths(size, bytes * 2).flatMap((registerBytes) =>
      pairs(registerBytes, size).map(
        ([place, { name: register, number }]): Form => ({
          ...NOTHING,
          ...{
            operation: Operation.move,
            access: READS,
            bytes,
            register: number,
            registerBytes,
            isLoad: true,
            isSigned,
          },
          ...{ addressBytes: place.bytes, segment: place.segment },
          text: `${name} ${register}, ${WIDTH_NAMES[bytes]} [${place.text}]`,
        }),
      ),
    );
}

function strings(name: string, operation: Operation, access: number) {
  return (size: CodeSize): Form[] =>
    widths(size).flatMap((bytes) =>
      [size, size === CodeSize.bits32 ? 16 : 32].flatMap((addressBits) =>
        ['', 'rep ', 'repne '].flatMap((repeat) =>
          ['', ...SEGMENTS].map((segment): Form => {
            const number = SEGMENTS.indexOf(segment);
            return {
              ...NOTHING,
              ...{ operation, access, bytes, register: 0, registerBytes: bytes, isLoad: name === 'lods' },
              ...{ repeats: repeat !== '', addressBytes: addressBits / 8 },
              segment: number < 0 || (size === CodeSize.bits64 && number < 4) ? 3 : number,
              text: `${segment} a${addressBits} ${repeat}${name}${{ 1: 'b', 2: 'w', 4: 'd', 8: 'q' }[bytes]}`,
            };
          }),
        ),
      ),
    );
}

const ARITHMETIC = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'] as const;
const BIT_TESTS = { bt: 'bitTest', bts: 'bitSet', btr: 'bitReset', btc: 'bitComplement' } as const;

const arithmetic = ARITHMETIC.flatMap((name) => {
  const access = name === 'cmp' ? READS : RW;
  return [
    withRegister(name, Operation[name], access, false),
    withRegister(name, Operation[name], READS, true),
    withConstant(name, Operation[name], access),
  ];
});

const bitTests = Object.entries(BIT_TESTS).flatMap(([name, operation]) => {
  const access = name === 'bt' ? READS : RW;
  return [
    withRegister(name, Operation[operation], access, false, 2),
    withConstant(name, Operation[operation], access, bitNumbers, 2),
  ];
});

/** MOV between the accumulator and an address that is not made of registers. */
function accumulator(size: CodeSize): Form[] {
  const places = { 16: [2, 4], 32: [2, 4], 64: [8] }[size];
  return places.flatMap((addressBytes) =>
    widths(size).flatMap((bytes) => {
      const where = { 2: '[word 0x1234]', 4: '[dword 0x12345678]', 8: '[qword 0x345612345678]' }[addressBytes];
      const register = { 1: 'al', 2: 'ax', 4: 'eax', 8: 'rax' }[bytes];
      const both = { ...NOTHING, operation: Operation.move, bytes, register: 0, registerBytes: bytes, addressBytes };
      return [
        { ...both, access: WRITES, text: `mov ${where}, ${register}` },
        { ...both, access: READS, isLoad: true, text: `mov ${register}, ${where}` },
      ];
    }),
  );
}

const families: readonly ((size: CodeSize) => Form[])[] = [
  ...arithmetic,
  ...bitTests,
  withRegister('mov', Operation.move, WRITES, false),
  withRegister('mov', Operation.move, READS, true),
  withConstant('mov', Operation.move, WRITES),
  accumulator,
  withRegister('movnti', Operation.move, WRITES, false, 4),
  withRegister('test', Operation.test, READS, false),
  withConstant('test', Operation.test, READS),
  withRegister('xchg', Operation.exchange, RW, false),
  withRegister('xadd', Operation.exchangeAdd, RW, false),
  withRegister('cmpxchg', Operation.compareExchange, RW, false),
  alone('not', Operation.not),
  alone('neg', Operation.neg),
  alone('inc', Operation.inc),
  alone('dec', Operation.dec),
  widening('movzx', 1, false),
  widening('movzx', 2, false),
  widening('movsx', 1, true),
  widening('movsx', 2, true),
  (size) => (size === CodeSize.bits64 ? widening('movsxd', 4, true)(size) : []),
  strings('movs', Operation.moveString, RW),
  strings('stos', Operation.storeString, WRITES),
  strings('lods', Operation.loadString, READS),
];

/** All forms in code of `size`. */
export function formsOf(size: CodeSize): Form[] {
  return families.flatMap((family) => family(size));
}
