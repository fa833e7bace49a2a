/** Generates cases for a function with fast-check: a type's extreme values are as frequent as all others. */
import fc from 'fast-check';
import { reachable } from '../../../transpiler/emit/reachable.js';
import { integerName, rangeOfName } from '../../../transpiler/ir/integers.js';
import type { Function, Instance } from '../../../transpiler/ir/nodes.js';
import type { IntegerType, Layout, Type } from '../../../transpiler/ir/types.js';
import type { Case, Region, Value } from './case.js';
import { normalizeBooleans } from './layouts.js';

/** Start of the ten scratch pages, to which addresses often point. */
const SCRATCH = 0x10_0000n;
const SCRATCH_BYTES = 0xa000;
const PAGE_BYTES = 0x1000;
/** Address of the BIOS data area. */
const BIOS_DATA = 0x400n;
const BIOS_DATA_BYTES = 0x100;
/** Address of the memory that arguments refer to, and the distance between two of them. */
const REFERRED = 0x1000_0000n;
const REFERRED_STEP = 0x100_0000n;
const ANSWERS = 200;

/** Any integer of the type, often an extreme value, a small one, one near a power of two, or an address. */
export function anyInteger(type: IntegerType): fc.Arbitrary<bigint> {
  if (type.members) return fc.constantFrom(...type.members);
  const { low, high } = rangeOfName(integerName(type));
  const within = (value: bigint): boolean => value >= low && value <= high;
  const corners = [0, 1, 7, 8, 15, 16, 31, 32, 52, 53, 63, 64]
    .flatMap((bit) => [(1n << BigInt(bit)) - 1n, 1n << BigInt(bit), (1n << BigInt(bit)) + 1n])
    .flatMap((value) => [value, -value, high - value]);
  const choices = [
    fc.constantFrom(low, high),
    fc.constantFrom(...corners.filter(within)),
    fc.bigInt({ min: low, max: high < 40n ? high : 40n }),
    fc.bigInt({ min: low, max: high }),
  ];
  if (high > SCRATCH) choices.push(fc.oneof(fc.constant(SCRATCH), scratchAddress(1), scratchAddress(PAGE_BYTES)));
  return fc.oneof(...choices);
}

function scratchAddress(step: number): fc.Arbitrary<bigint> {
  return fc.nat(SCRATCH_BYTES / step - 1).map((index) => SCRATCH + BigInt(index * step));
}

/** Cases that call `tested` with arguments, memory and results of intrinsics of the right types. */
export function anyCase(tested: Function): fc.Arbitrary<Case> {
  const reached = instancesReachedFrom(tested);
  return fc
    .record({
      arguments: fc.tuple(...tested.parameters.map(({ type }, index) => anyValue(type, index))),
      scratch: anyContents(SCRATCH_BYTES),
      bios: anyContents(BIOS_DATA_BYTES),
      contents: fc.tuple(...reached.map((instance) => anyContents(instance.layout.bytes, instance.layout))),
      answers: fc.array(anyInteger(anyU64), { minLength: 1, maxLength: 12 }),
    })
    .map(({ arguments: values, scratch, bios, contents, answers }) => ({
      function: tested,
      arguments: values,
      regions: [
        { base: SCRATCH, bytes: scratch },
        { base: BIOS_DATA, bytes: bios },
      ],
      instances: new Map<Instance, Uint8Array>(reached.map((one, index) => [one, contents[index] as Uint8Array])),
      answers: Array.from({ length: ANSWERS }, (_, index) => answers[index % answers.length] as bigint),
    }));
}

/** The instances that a function and its callees can access. */
export function instancesReachedFrom(start: Function): readonly Instance[] {
  return [...reachable({ modules: [], intrinsics: [], entries: [start], layouts: [] }).instances];
}

const anyU64: IntegerType = { kind: 'integer', javascript: 'bigint', name: 'u64', members: null };

function anyValue(type: Type, index: number): fc.Arbitrary<Value> {
  const base = REFERRED + REFERRED_STEP * BigInt(index);
  switch (type.kind) {
    case 'integer':
      return anyInteger(type);
    case 'boolean':
      return fc.boolean();
    case 'string':
      return fc.string({ unit: 'grapheme-ascii' });
    case 'reference':
      return nullable(type.nullable, anyRegion(base, anyContents(type.layout.bytes, type.layout)));
    case 'bytes':
      return nullable(
        type.nullable,
        anyRegion(
          base,
          fc.oneof(fc.nat(20), fc.nat(600), fc.constant(PAGE_BYTES)).chain((length) => anyContents(length)),
        ),
      );
    default:
      throw new TypeError(`no argument has the type ${type.kind}`);
  }
}

function nullable(may: boolean, value: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return may ? fc.option(value, { freq: 8 }) : value;
}

function anyRegion(base: bigint, contents: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Region> {
  return contents.map((bytes) => ({ base, bytes }));
}

/** Any content: zeros, random bytes, mostly zeros, or words that often point into the scratch pages. */
function anyContents(length: number, layout?: Layout): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.constantFrom('zero', 'any', 'sparse', 'pointers'), fc.nat(0xffff_ffff)).map(([style, seed]) => {
    const bytes = new Uint8Array(length);
    const random = randomWords(seed);
    if (style !== 'zero') fill(bytes, style, random);
    if (layout) normalizeBooleans(bytes, layout);
    return bytes;
  });
}

function fill(bytes: Uint8Array, style: 'any' | 'sparse' | 'pointers', random: () => number): void {
  for (let offset = 0; offset < bytes.length; offset++) {
    const word = random();
    bytes[offset] = style === 'sparse' && word % 8 !== 0 ? 0 : word >>> 24;
  }
  if (style !== 'pointers') return;
  const view = new DataView(bytes.buffer);
  for (let offset = 0; offset + 8 <= bytes.length; offset += 8) {
    if (random() % 2 === 0) view.setBigUint64(offset, SCRATCH + BigInt(random() % SCRATCH_BYTES), true);
  }
}

/** A xorshift generator of 32-bit words. Equal seeds give equal words. */
function randomWords(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
