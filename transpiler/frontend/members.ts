/** Property accesses: fields, bit ranges, lengths, and members of enums. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { Expression } from '../ir/nodes.js';
import type { Layout, ScalarLayout, Type } from '../ir/types.js';
import { type Context, refuse, textOf } from './context.js';
import { BOOLEAN, placed } from './placing.js';
import { integerType } from './types.js';

/** The expression `base.name`. */
export function memberExpression(context: Context, node: ts.PropertyAccessExpression): Expression {
  if (node.questionDotToken)
    return refuse(
      context,
      node,
      SUBSET.expression,
      'the language has no ?.',
      'compare with null first: if (x === null) { ... }',
    );
  const base = node.expression;
  const known = ts.isIdentifier(base) ? entityMember(context, node, base) : null;
  return known ?? valueMember(context, node, context.lower.expression(base));
}

/** `Enum.member`, `table.length`, `Layout.bytes`; null where `base` is a value. */
function entityMember(context: Context, node: ts.PropertyAccessExpression, base: ts.Identifier): Expression | null {
  const name = node.name.text;
  const entity = context.entity(base);
  switch (entity.kind) {
    case 'enumeration': {
      const constant = entity.members.get(name);
      if (!constant) return refuse(context, node.name, SUBSET.expression, `${base.text} has no member ${name}`);
      const { type, value } = constant;
      const memberType: Type =
        type.kind === 'integer' && typeof value === 'bigint' ? { ...type, members: [value] } : type;
      return placed(context, node, { kind: 'constant', type: memberType, constant });
    }
    case 'list':
      if (name === 'length') return numberLiteral(context, node, entity.list.values.length);
      break;
    case 'table':
      if (name === 'length') return numberLiteral(context, node, entity.table.length);
      break;
    case 'layout':
      if (name === 'bytes') return numberLiteral(context, node, entity.layout.bytes);
      break;
    default:
      return null;
  }
  return refuse(context, node, SUBSET.expression, `${textOf(node)} is not a value of the language`);
}

function valueMember(context: Context, node: ts.PropertyAccessExpression, base: Expression): Expression {
  const name = node.name.text;
  const { type } = base;
  if (type.kind === 'string' && name === 'length')
    return placed(context, node, { kind: 'stringLength', type: integerType('u32'), base });
  if (type.kind === 'bytes' && name === 'length')
    return placed(context, node, { kind: 'bytesLength', type: integerType('u32'), base });
  if (type.kind === 'bytes' && name === 'start')
    return placed(context, node, { kind: 'bytesStart', type: integerType('hpa'), base });
  if (type.kind === 'reference') return referenceMember(context, node, base, type.layout);
  return refuse(context, node, SUBSET.expression, `${textOf(node)} is not a value of the language`);
}

function referenceMember(
  context: Context,
  node: ts.PropertyAccessExpression,
  base: Expression,
  layout: Layout,
): Expression {
  const name = node.name.text;
  if (layout.kind === 'array' && name === 'length') return numberLiteral(context, node, layout.length);
  if (layout.kind === 'struct') {
    const field = layout.fields.get(name);
    if (field)
      return placed(context, node, {
        kind: 'field',
        type: typeInMemory(field.layout),
        base,
        struct: layout,
        field: name,
      });
  }
  if (layout.kind === 'bits') {
    if (name === 'value')
      return placed(context, node, { kind: 'bits', type: scalarType(layout.base), base, field: null });
    if (layout.fields.has(name))
      return placed(context, node, { kind: 'bits', type: scalarType(layout.base), base, field: name });
  }
  return refuse(context, node.name, SUBSET.expression, `${base.text} has no ${name}`);
}

/** `base[index]`: not of the language. */
export function elementAccess(context: Context, node: ts.ElementAccessExpression): never {
  return refuse(
    context,
    node,
    SUBSET.expression,
    'the language has no [ ] access',
    `write ${textOf(node.expression)}.get(${textOf(node.argumentExpression)})`,
  );
}

/** The type of what code sees of `layout` inside other memory: a value, or a reference. */
export function typeInMemory(layout: Layout): Type {
  return layout.kind === 'scalar' ? scalarType(layout) : { kind: 'reference', layout, nullable: false };
}

function scalarType(layout: ScalarLayout): Type {
  return layout.name === 'boolean' ? BOOLEAN : integerType(layout.name);
}

function numberLiteral(context: Context, node: ts.Node, value: number): Expression {
  const type: Type = { kind: 'integer', javascript: 'number', name: null, members: null };
  return placed(context, node, { kind: 'integer', type, value: BigInt(value) });
}
