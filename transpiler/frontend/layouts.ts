/** Layout literals: struct(), bits(), arr() and the library's scalars. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { ArrayLayout, BitsLayout, Layout, ScalarLayout, StructLayout } from '../ir/types.js';
import { type Context, locate, moduleOf, refuse, refuseSilently, textOf } from './context.js';
import { constantInteger, evaluate } from './constants.js';
import { callOf, propertiesOf } from './literals.js';

const SCALARS: Readonly<Record<string, ScalarLayout>> = {
  U8: { kind: 'scalar', name: 'u8', bytes: 1 },
  U16: { kind: 'scalar', name: 'u16', bytes: 2 },
  U32: { kind: 'scalar', name: 'u32', bytes: 4 },
  U64: { kind: 'scalar', name: 'u64', bytes: 8 },
  I8: { kind: 'scalar', name: 'i8', bytes: 1 },
  I16: { kind: 'scalar', name: 'i16', bytes: 2 },
  I32: { kind: 'scalar', name: 'i32', bytes: 4 },
  I64: { kind: 'scalar', name: 'i64', bytes: 8 },
  GPA: { kind: 'scalar', name: 'gpa', bytes: 8 },
  HPA: { kind: 'scalar', name: 'hpa', bytes: 8 },
  GVA: { kind: 'scalar', name: 'gva', bytes: 8 },
  HVA: { kind: 'scalar', name: 'hva', bytes: 8 },
  BOOL: { kind: 'scalar', name: 'boolean', bytes: 1 },
};

/** Names that the emitted C uses for arrays, bit fields and their elements. */
const MADE_NAME = /^(array_\d+_|bits_|[ui]\d+$|[gh][pv]a$|boolean$)/;

/** The layout that `node` names or describes. */
export function layoutOf(context: Context, node: ts.Node): Layout {
  const call = ts.isExpression(node) ? callOf(context, node) : null;
  switch (call?.name) {
    case 'struct':
      return structLayout(context, call.node);
    case 'bits':
      return bitsLayout(context, call.node);
    case 'arr':
      return arrayLayout(context, call.node);
  }
  const entity = ts.isIdentifier(node) ? context.entity(node) : null;
  if (entity?.kind === 'layout') return entity.layout;
  const scalar = entity?.kind === 'library' ? SCALARS[entity.name] : undefined;
  return (
    scalar ??
    refuse(
      context,
      node,
      SUBSET.layoutForm,
      `${textOf(node)} is not a layout`,
      'a layout is a scalar, struct(), bits() or arr()',
    )
  );
}

/** Whether `name` is one of the library's scalar layouts. */
export function isScalarName(name: string): boolean {
  return name in SCALARS;
}

function arrayLayout(context: Context, call: ts.CallExpression): ArrayLayout {
  const [elementNode, lengthNode] = twoArguments(context, call);
  const element = layoutOf(context, elementNode);
  const length = Number(constantInteger(context, lengthNode));
  if (length < 1) refuse(context, lengthNode, SUBSET.layoutForm, `an array has at least one element, not ${length}`);
  return interned(context, `arr ${identity(context, element)} ${length}`, {
    kind: 'array',
    element,
    length,
    bytes: element.bytes * length,
  });
}

function bitsLayout(context: Context, call: ts.CallExpression): BitsLayout {
  const [baseNode, fieldsNode] = twoArguments(context, call);
  const base = layoutOf(context, baseNode);
  if (base.kind !== 'scalar' || !/^u\d+$/.test(base.name))
    return refuse(context, baseNode, SUBSET.layoutForm, 'bit fields are of U8, U16, U32 or U64');
  const fields = new Map<string, readonly [number, number]>();
  let used = 0n;
  for (const { name, node, value } of propertiesOf(context, fieldsNode)) {
    if (name === 'value') refuse(context, node, SUBSET.layoutForm, 'value is all of the bits, no field of them');
    const range = ts.isArrayLiteralExpression(value) ? value.elements : [];
    const [low, high] = range.map((end) => Number(constantInteger(context, end)));
    if (range.length !== 2 || low === undefined || high === undefined)
      return refuse(context, value, SUBSET.layoutForm, 'a bit field is written [low, high]');
    if (low < 0 || low > high || high >= base.bytes * 8)
      refuse(context, value, SUBSET.layoutForm, `bits [${low}, ${high}] are not within ${base.name}`);
    const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
    if ((used & mask) !== 0n) refuse(context, node, SUBSET.layoutForm, `${name} overlaps another bit field`);
    used |= mask;
    fields.set(name, [low, high]);
  }
  const description = [...fields].map(([name, [low, high]]) => `${name} ${low} ${high}`).join(' ');
  return interned(context, `bits ${base.name} ${description}`, { kind: 'bits', base, bytes: base.bytes, fields });
}

function structLayout(context: Context, call: ts.CallExpression): StructLayout {
  const [nameNode, optionsNode, fieldsNode] = call.arguments;
  if (!nameNode || !ts.isStringLiteral(nameNode) || !optionsNode || !fieldsNode)
    return refuse(
      context,
      call,
      SUBSET.layoutForm,
      'a struct is written struct(name, { size }, { field: at(offset, Layout) })',
    );
  if (!/^[A-Za-z]\w*$/.test(nameNode.text) || MADE_NAME.test(nameNode.text))
    refuse(context, nameNode, SUBSET.layoutForm, `${nameNode.text} is not a name for a struct`, 'letters and digits');
  const options = new Map(propertiesOf(context, optionsNode).map(({ name, value }) => [name, value]));
  const size = options.get('size');
  const bytes = size ? Number(constantInteger(context, size)) : 0;
  const module = moduleOf(context, call);
  const layout: StructLayout = {
    kind: 'struct',
    name: nameNode.text,
    module: module.name,
    at: locate(context, nameNode),
    bytes,
    volatile: isVolatile(context, options.get('volatile')),
    fields: structFields(context, fieldsNode, bytes),
  };
  module.structs.push(layout);
  return layout;
}

function isVolatile(context: Context, node: ts.Expression | undefined): boolean {
  if (node === undefined) return false;
  const value = evaluate(context, node, context.lower.expression(node));
  return typeof value === 'boolean'
    ? value
    : refuse(context, node, SUBSET.layoutForm, `volatile is true or false, not ${textOf(node)}`);
}

function structFields(context: Context, node: ts.Expression, size: number): StructLayout['fields'] {
  const fields = propertiesOf(context, node).map(({ name, node: nameNode, value }) => {
    const call = callOf(context, value);
    if (call?.name !== 'at')
      return refuse(context, value, SUBSET.layoutForm, `a field is written ${name}: at(offset, Layout)`);
    const [offsetNode, layoutNode] = twoArguments(context, call.node);
    return {
      name,
      nameNode,
      offset: Number(constantInteger(context, offsetNode)),
      layout: layoutOf(context, layoutNode),
    };
  });
  fields.sort((a, b) => a.offset - b.offset);
  let end = 0;
  for (const { name, nameNode, offset, layout } of fields) {
    if (offset < end) refuse(context, nameNode, SUBSET.layoutForm, `${name} at ${offset} overlaps the field before it`);
    end = offset + layout.bytes;
    if (end > size)
      refuse(context, nameNode, SUBSET.layoutForm, `${name} ends at ${end}, after the struct's size ${size}`);
  }
  return new Map(fields.map(({ name, offset, layout }) => [name, { offset, layout }]));
}

function twoArguments(context: Context, call: ts.CallExpression): [ts.Expression, ts.Expression] {
  const [first, second] = call.arguments;
  return first && second ? [first, second] : refuseSilently();
}

function interned<L extends Layout>(context: Context, description: string, layout: L): L {
  const known = context.layouts.get(description);
  if (known) return known as L;
  context.layouts.set(description, layout);
  return layout;
}

/** A text that differs for different layouts. */
function identity(context: Context, layout: Layout): string {
  if (layout.kind === 'scalar') return layout.name;
  if (layout.kind === 'struct') return `struct ${layout.module} ${layout.name}`;
  for (const [description, known] of context.layouts) if (known === layout) return description;
  return refuseSilently();
}
