/**
 * Layout literals: what a structure looks like in memory, to the byte.
 *
 * The transpiler reads the literal and emits a packed C struct with an assertion for each
 * offset. In Node the same literal makes accessors over a DataView.
 */
import type { Gpa, Gva, Hpa, Hva, i16, i32, i64, i8, u16, u32, u64, u8 } from './integers.js';

/** How one integer type is kept in memory. `sample` only carries the TypeScript type. */
export interface Scalar<T> {
  readonly kind: 'scalar';
  readonly name: string;
  readonly bytes: number;
  readonly sample: T;
  load(view: DataView, offset: number): T;
  store(view: DataView, offset: number, value: T): void;
}

/** Named bit ranges [low, high] of one unsigned integer. */
export interface BitsLayout<T, F> {
  readonly kind: 'bits';
  readonly base: Scalar<T>;
  readonly bytes: number;
  readonly fields: F;
}

/** `length` elements, one after the other. */
export interface ArrayLayout<E> {
  readonly kind: 'array';
  readonly element: E;
  readonly length: number;
  readonly bytes: number;
}

/** Fields at fixed offsets. */
export interface StructLayout<F> {
  readonly kind: 'struct';
  readonly name: string;
  readonly bytes: number;
  readonly volatile: boolean;
  readonly fields: F;
}

export type AnyLayout =
  | Scalar<never>
  | BitsLayout<never, Readonly<Record<string, BitRange>>>
  | { readonly kind: 'array'; readonly element: AnyLayout; readonly length: number; readonly bytes: number }
  | {
      readonly kind: 'struct';
      readonly name: string;
      readonly bytes: number;
      readonly volatile: boolean;
      readonly fields: Fields;
    };

export interface Field<L> {
  readonly offset: number;
  readonly layout: L;
}
export type BitRange = readonly [low: number, high: number];
export type Fields = Readonly<Record<string, Field<AnyLayout>>>;

type ScalarFields<F> = {
  -readonly [K in keyof F as F[K] extends Field<Scalar<infer _>> ? K : never]: F[K] extends Field<Scalar<infer T>>
    ? T
    : never;
};
type NestedFields<F> = {
  readonly [K in keyof F as F[K] extends Field<Scalar<infer _>> ? never : K]: F[K] extends Field<infer L>
    ? Ref<L>
    : never;
};

/** The reference by which code reaches a layout in memory: a pointer in C. */
export type Ref<L> =
  L extends StructLayout<infer F>
    ? { readonly __layout?: L } & ScalarFields<F> & NestedFields<F>
    : L extends ArrayLayout<infer E>
      ? ArrayRef<E>
      : L extends BitsLayout<infer T, infer F>
        ? { value: T } & { -readonly [K in keyof F]: T }
        : never;

type ArrayRef<E> =
  E extends Scalar<infer T>
    ? { readonly length: number; get(index: number): T; set(index: number, value: T): void }
    : { readonly length: number; at(index: number): Ref<E> };

const little = true;
const unsigned64 = (bytes: number): bigint => 1n << BigInt(bytes * 8);

function numberScalar<T extends number>(
  name: string,
  bytes: number,
  low: number,
  load: (view: DataView, offset: number) => number,
  store: (view: DataView, offset: number, value: number) => void,
): Scalar<T> {
  const high = low + 2 ** (bytes * 8) - 1;
  return {
    kind: 'scalar',
    name,
    bytes,
    sample: 0 as T,
    load: (view, offset) => load(view, offset) as T,
    store(view, offset, value) {
      if (!Number.isInteger(value) || value < low || value > high)
        throw new RangeError(`${value} does not fit ${name}`);
      store(view, offset, value);
    },
  };
}

function bigintScalar<T extends bigint>(name: string, signed: boolean): Scalar<T> {
  const low = signed ? -(unsigned64(8) / 2n) : 0n;
  return {
    kind: 'scalar',
    name,
    bytes: 8,
    sample: 0n as T,
    load: (view, offset) => (signed ? view.getBigInt64(offset, little) : view.getBigUint64(offset, little)) as T,
    store(view, offset, value) {
      if (value < low || value >= low + unsigned64(8)) throw new RangeError(`${value} does not fit ${name}`);
      view.setBigUint64(offset, BigInt.asUintN(64, value), little);
    },
  };
}

export const U8 = numberScalar<u8>(
  'u8',
  1,
  0,
  (v, o) => v.getUint8(o),
  (v, o, x) => v.setUint8(o, x),
);
export const U16 = numberScalar<u16>(
  'u16',
  2,
  0,
  (v, o) => v.getUint16(o, little),
  (v, o, x) => v.setUint16(o, x, little),
);
export const U32 = numberScalar<u32>(
  'u32',
  4,
  0,
  (v, o) => v.getUint32(o, little),
  (v, o, x) => v.setUint32(o, x, little),
);
export const I8 = numberScalar<i8>(
  'i8',
  1,
  -0x80,
  (v, o) => v.getInt8(o),
  (v, o, x) => v.setInt8(o, x),
);
export const I16 = numberScalar<i16>(
  'i16',
  2,
  -0x8000,
  (v, o) => v.getInt16(o, little),
  (v, o, x) => v.setInt16(o, x, little),
);
export const I32 = numberScalar<i32>(
  'i32',
  4,
  -0x8000_0000,
  (v, o) => v.getInt32(o, little),
  (v, o, x) => v.setInt32(o, x, little),
);
export const U64 = bigintScalar<u64>('u64', false);
export const I64 = bigintScalar<i64>('i64', true);
export const GPA = bigintScalar<Gpa>('gpa', false);
export const HPA = bigintScalar<Hpa>('hpa', false);
export const GVA = bigintScalar<Gva>('gva', false);
export const HVA = bigintScalar<Hva>('hva', false);

/** A byte that is 0 or 1. For the program's own memory only: a device may write other values. */
export const BOOL: Scalar<boolean> = {
  kind: 'scalar',
  name: 'boolean',
  bytes: 1,
  sample: false,
  load: (view, offset) => view.getUint8(offset) !== 0,
  store: (view, offset, value) => view.setUint8(offset, value ? 1 : 0),
};

/** Constant text; only for `list(STRING, [...])`. */
export const STRING: { readonly sample: string } = { sample: '' };

/** A field that starts `offset` bytes into its struct. */
export function at<L>(offset: number, layout: L): Field<L> {
  return { offset, layout };
}

/** Named bit ranges, both ends included: `bits(U64, {present: [0, 0], frame: [12, 51]})`. */
export function bits<T extends number | bigint, const F extends Readonly<Record<string, BitRange>>>(
  base: Scalar<T>,
  fields: F,
): BitsLayout<T, F> {
  let used = 0n;
  for (const [name, [low, high]] of Object.entries(fields)) {
    if (name === 'value') throw new RangeError('bits value: this name stands for the whole integer');
    if (!(0 <= low && low <= high && high < base.bytes * 8))
      throw new RangeError(`bits ${name}: [${low}, ${high}] is not within ${base.name}`);
    const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
    if ((used & mask) !== 0n) throw new RangeError(`bits ${name} overlaps another field`);
    used |= mask;
  }
  return { kind: 'bits', base, bytes: base.bytes, fields };
}

/** `length` elements of one layout. */
export function arr<E extends { readonly bytes: number }>(element: E, length: number): ArrayLayout<E> {
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`an array has at least one element, not ${length}`);
  return { kind: 'array', element, length, bytes: element.bytes * length };
}

/**
 * A structure. `size` is checked against the fields, `volatile` makes each access exactly one
 * load or store (MMIO, memory shared with the guest). Fields may not overlap.
 */
export function struct<const F extends Readonly<Record<string, Field<{ readonly bytes: number }>>>>(
  name: string,
  options: { readonly size: number; readonly volatile?: boolean },
  fields: F,
): StructLayout<F> {
  const taken = Object.entries(fields).sort(([, a], [, b]) => a.offset - b.offset);
  let end = 0;
  for (const [field, { offset, layout }] of taken) {
    if (!Number.isInteger(offset)) throw new RangeError(`struct ${name}: ${field} at ${offset} is between two bytes`);
    if (offset < end) throw new RangeError(`struct ${name}: ${field} at ${offset} overlaps the field before it`);
    end = offset + layout.bytes;
  }
  if (end > options.size) throw new RangeError(`struct ${name}: fields end at ${end}, after its size ${options.size}`);
  return { kind: 'struct', name, bytes: options.size, volatile: options.volatile === true, fields };
}
