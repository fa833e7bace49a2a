/** References in Node: accessors over a DataView, one class per layout. */
import type { AnyLayout, ArrayLayout, BitsLayout, BitRange, Fields, Ref, Scalar, StructLayout } from './layout.js';

/** Where a reference points: bytes `offset`.. of `view`, at machine address `address`. */
export interface Place {
  readonly view: DataView;
  readonly offset: number;
  readonly address: bigint;
}

const PLACE = Symbol('place');
const NESTED = Symbol('nested');
type Reference = object & { readonly [PLACE]: Place };
type Maker = (place: Place) => object;

const makers = new WeakMap<object, Maker>();

/** A reference to `layout` at `place`. Throws RangeError where the layout does not fit the view. */
export function referenceTo<L extends { readonly bytes: number }>(layout: L, place: Place): Ref<L> {
  if (place.offset < 0 || place.offset + layout.bytes > place.view.byteLength) {
    throw new RangeError(`${layout.bytes} bytes at ${place.address.toString(16)} are not in simulated memory`);
  }
  return makerOf(layout as unknown as AnyLayout)(place) as Ref<L>;
}

/** The place a reference points to. */
export function placeOf(reference: object): Place {
  const place = (reference as Partial<Reference>)[PLACE];
  if (place === undefined) throw new TypeError('not a reference to a layout');
  return place;
}

function makerOf(layout: AnyLayout): Maker {
  const known = makers.get(layout);
  if (known) return known;
  const made = newMaker(layout);
  makers.set(layout, made);
  return made;
}

function newMaker(layout: AnyLayout): Maker {
  switch (layout.kind) {
    case 'struct':
      return structMaker(layout);
    case 'array':
      return arrayMaker(layout);
    case 'bits':
      return bitsMaker(layout);
    case 'scalar':
      throw new TypeError(`a reference to a bare ${layout.name}: wrap it in a struct or an array`);
  }
}

function inside(place: Place, offset: number): Place {
  return { view: place.view, offset: place.offset + offset, address: place.address + BigInt(offset) };
}

function structMaker(layout: StructLayout<Fields>): Maker {
  class StructReference {
    readonly [PLACE]: Place;
    readonly [NESTED] = new Map<string, object>();
    constructor(place: Place) {
      this[PLACE] = place;
    }
  }
  for (const [name, field] of Object.entries(layout.fields)) {
    const { offset } = field;
    const scalar = field.layout;
    if (scalar.kind === 'scalar') {
      Object.defineProperty(StructReference.prototype, name, {
        enumerable: true,
        get(this: StructReference) {
          const place = this[PLACE];
          return scalar.load(place.view, place.offset + offset);
        },
        set(this: StructReference, value: never) {
          const place = this[PLACE];
          scalar.store(place.view, place.offset + offset, value);
        },
      });
    } else {
      Object.defineProperty(StructReference.prototype, name, {
        enumerable: true,
        get(this: StructReference) {
          let found = this[NESTED].get(name);
          if (!found) {
            found = makerOf(field.layout)(inside(this[PLACE], offset));
            this[NESTED].set(name, found);
          }
          return found;
        },
      });
    }
  }
  return (place) => new StructReference(place);
}

function arrayMaker(layout: ArrayLayout<AnyLayout>): Maker {
  const { element, length } = layout;
  const offsetOf = (index: number): number => {
    if (!Number.isInteger(index) || index < 0 || index >= length)
      throw new RangeError(`index ${index} is outside 0..${length - 1}`);
    return index * element.bytes;
  };
  if (element.kind === 'scalar') {
    const scalar = element as unknown as Scalar<number>;
    return (place) => ({
      [PLACE]: place,
      length,
      get: (index: number) => scalar.load(place.view, place.offset + offsetOf(index)),
      set: (index: number, value: number) => scalar.store(place.view, place.offset + offsetOf(index), value),
    });
  }
  const make = makerOf(element);
  return (place) => ({ [PLACE]: place, length, at: (index: number) => make(inside(place, offsetOf(index))) });
}

function bitsMaker(layout: BitsLayout<number | bigint, Record<string, BitRange>>): Maker {
  const { base, fields } = layout;
  class BitsReference {
    readonly [PLACE]: Place;
    constructor(place: Place) {
      this[PLACE] = place;
    }
    get value(): number | bigint {
      return base.load(this[PLACE].view, this[PLACE].offset);
    }
    set value(value: number | bigint) {
      base.store(this[PLACE].view, this[PLACE].offset, value);
    }
  }
  const wide = typeof base.sample === 'bigint';
  for (const [name, [low, high]] of Object.entries(fields)) {
    const width = high - low + 1;
    Object.defineProperty(BitsReference.prototype, name, {
      get(this: BitsReference) {
        const field = BigInt.asUintN(width, BigInt(this.value) >> BigInt(low));
        return wide ? field : Number(field);
      },
      set(this: BitsReference, value: number | bigint) {
        const field = BigInt(value);
        if (BigInt.asUintN(width, field) !== field)
          throw new RangeError(`${value} does not fit the ${width} bits of ${name}`);
        const mask = ((1n << BigInt(width)) - 1n) << BigInt(low);
        const merged = (BigInt(this.value) & ~mask) | (field << BigInt(low));
        this.value = wide ? merged : Number(merged);
      },
    });
  }
  return (place) => new BitsReference(place);
}
