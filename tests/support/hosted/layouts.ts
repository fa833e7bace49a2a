/** Converts layouts of the intermediate representation to those of the library. */
import type { ArrayLayout, Layout } from '../../../transpiler/ir/types.js';
import * as library from '../../../transpiler/lib/layout.js';
import type { AnyLayout, Fields, Scalar } from '../../../transpiler/lib/layout.js';

const scalars: Readonly<Record<string, unknown>> = {
  u8: library.U8,
  u16: library.U16,
  u32: library.U32,
  u64: library.U64,
  i8: library.I8,
  i16: library.I16,
  i32: library.I32,
  i64: library.I64,
  gpa: library.GPA,
  hpa: library.HPA,
  gva: library.GVA,
  hva: library.HVA,
  boolean: library.BOOL,
};
const made = new Map<Layout, AnyLayout>();

/** The library's layout with the same form in memory. */
export function libraryLayout(layout: Layout): AnyLayout {
  const known = made.get(layout);
  if (known) return known;
  const fresh = makeLayout(layout);
  made.set(layout, fresh);
  return fresh;
}

function makeLayout(layout: Layout): AnyLayout {
  switch (layout.kind) {
    case 'scalar':
      return scalars[layout.name] as Scalar<never>;
    case 'bits':
      return library.bits(scalars[layout.base.name] as Scalar<never>, Object.fromEntries(layout.fields));
    case 'array':
      return library.arr(libraryLayout(layout.element), layout.length);
    case 'struct': {
      const fields: Record<string, Fields[string]> = {};
      for (const [name, field] of layout.fields) fields[name] = library.at(field.offset, libraryLayout(field.layout));
      return library.struct(layout.name, { size: layout.bytes, volatile: layout.volatile }, fields);
    }
  }
}

/** Makes each boolean of the `layout` at `offset` in `bytes` 0 or 1, the only values that C allows. */
export function normalizeBooleans(bytes: Uint8Array, layout: Layout, offset = 0): void {
  switch (layout.kind) {
    case 'scalar':
      if (layout.name === 'boolean') bytes[offset] = (bytes[offset] ?? 0) & 1;
      return;
    case 'bits':
      return;
    case 'array':
      if (!hasBooleans(layout)) return;
      for (let index = 0; index < layout.length; index++)
        normalizeBooleans(bytes, layout.element, offset + index * layout.element.bytes);
      return;
    case 'struct':
      for (const field of layout.fields.values()) normalizeBooleans(bytes, field.layout, offset + field.offset);
  }
}

function hasBooleans(layout: ArrayLayout): boolean {
  const { element } = layout;
  if (element.kind === 'scalar') return element.name === 'boolean';
  if (element.kind === 'array') return hasBooleans(element);
  return element.kind === 'struct';
}
