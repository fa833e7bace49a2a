/** Types of the language, spelled in C. */
import { integerName } from '../ir/integers.js';
import type { IntegerName, Layout, ScalarLayout, Type } from '../ir/types.js';

const INTEGERS: Readonly<Record<IntegerName, string>> = {
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  i8: 'int8_t',
  i16: 'int16_t',
  i32: 'int32_t',
  i64: 'int64_t',
  gpa: 'uint64_t',
  hpa: 'uint64_t',
  gva: 'uint64_t',
  hva: 'uint64_t',
};

/** The C type of a value: of a variable, a parameter, a result. */
export function cType(type: Type): string {
  switch (type.kind) {
    case 'void':
    case 'never':
    case 'null':
      return 'void';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'String';
    case 'bytes':
      return 'Bytes';
    case 'integer':
      return INTEGERS[integerName(type)];
    case 'reference':
      return `${layoutType(type.layout)} *`;
  }
}

export function integerCType(name: IntegerName): string {
  return INTEGERS[name];
}

/** The C type of memory with a layout, as a reference points to it. */
export function layoutType(layout: Layout): string {
  const qualifier = layout.kind === 'struct' && layout.volatile ? 'volatile ' : '';
  return `${qualifier}${storageType(layout)}`;
}

/** The same without `volatile`: what is declared. */
export function storageType(layout: Layout): string {
  return layout.kind === 'scalar' ? scalarCType(layout) : `struct ${layoutTag(layout)}`;
}

/** The tag of a layout's C struct; arrays and bit fields are wrapped in one. */
export function layoutTag(layout: Layout): string {
  switch (layout.kind) {
    case 'scalar':
      return layout.name;
    case 'struct':
      return layout.name;
    case 'array':
      return `array_${layout.length}_${layoutTag(layout.element)}`;
    case 'bits':
      return `bits_${layout.base.name}`;
  }
}

function scalarCType(layout: ScalarLayout): string {
  return layout.name === 'boolean' ? 'uint8_t' : INTEGERS[layout.name];
}
