/** Module-level `const` declarations: constants, enums, layouts, instances, lists, tables. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { integerName, rangeOfName } from '../ir/integers.js';
import type { Constant, ConstantList, Function, FunctionTable, Instance } from '../ir/nodes.js';
import type { Type } from '../ir/types.js';
import { constantInteger, evaluate, type Value } from './constants.js';
import { type Context, type Entity, locate, moduleOf, refuse, textOf } from './context.js';
import { isScalarName, layoutOf } from './layouts.js';
import { callOf, propertiesOf } from './literals.js';
import { checkSpace } from './operators.js';
import { checkScript } from './script.js';
import { typeOfAnnotation } from './types.js';

/** What a module-level `const name = ...` stands for. */
export function constantDeclaration(context: Context, declaration: ts.VariableDeclaration): Entity {
  const { initializer, name } = declaration;
  if (!(declaration.parent.flags & ts.NodeFlags.Const))
    return refuse(
      context,
      declaration,
      SUBSET.moduleVariable,
      'modules have no variables',
      'keep state in an instance(Layout), which tests can reset',
    );
  if (!initializer || !ts.isIdentifier(name))
    return refuse(context, declaration, SUBSET.declarationForm, 'a module-level constant has one name and a value');
  const call = callOf(context, initializer);
  switch (call?.name) {
    case 'struct':
    case 'bits':
    case 'arr':
      return { kind: 'layout', layout: layoutOf(context, initializer) };
    case 'instance':
      return { kind: 'instance', instance: instanceOf(context, name, call.node) };
    case 'list':
      return { kind: 'list', list: listOf(context, name, call.node) };
    case 'table':
      return { kind: 'table', table: tableOf(context, name, call.node) };
    case 'entryPoints':
      return { kind: 'entryPoints' };
  }
  if (isEnumeration(initializer)) return { kind: 'enumeration', members: membersOf(context, name, initializer) };
  if (ts.isIdentifier(initializer)) {
    const entity = context.entity(initializer);
    if (entity.kind === 'layout') return entity;
    if (entity.kind === 'library' && isScalarName(entity.name))
      return { kind: 'layout', layout: layoutOf(context, initializer) };
  }
  return { kind: 'constant', constant: constantOf(context, name, initializer, declaration.type) };
}

type ConstantObject = ts.AsExpression & { readonly expression: ts.ObjectLiteralExpression };

/** Whether `node` is `{...} as const`. */
function isEnumeration(node: ts.Expression): node is ConstantObject {
  return ts.isAsExpression(node) && ts.isConstTypeReference(node.type) && ts.isObjectLiteralExpression(node.expression);
}

function membersOf(context: Context, name: ts.Identifier, node: ConstantObject): Map<string, Constant> {
  return new Map(
    propertiesOf(context, node.expression).map((member) => {
      const constant = constantOf(context, member.node, member.value, undefined, `${name.text}.${member.name}`);
      return [member.name, constant];
    }),
  );
}

function constantOf(
  context: Context,
  nameNode: ts.PropertyName,
  initializer: ts.Expression,
  annotation: ts.TypeNode | undefined,
  name = nameNode.getText(),
): Constant {
  const expression = context.lower.expression(initializer);
  const value = evaluate(context, initializer, expression);
  checkScript(context, initializer, value);
  const module = moduleOf(context, nameNode);
  const constant: Constant = {
    name,
    module,
    at: locate(context, nameNode),
    exported: isExported(nameNode),
    type: annotation ? annotatedType(context, annotation, initializer, expression.type, value) : expression.type,
    value,
    expression,
  };
  module.constants.push(constant);
  return constant;
}

function annotatedType(
  context: Context,
  annotation: ts.TypeNode,
  initializer: ts.Expression,
  found: Type,
  value: Value,
): Type {
  const type = typeOfAnnotation(context, annotation);
  if (type.kind === 'integer' && found.kind === 'integer') checkSpace(context, initializer, type, found);
  if (type.kind === 'integer') typedValue(context, initializer, type, value);
  return type;
}

function isExported(node: ts.Node): boolean {
  for (let at = node; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isVariableStatement(at))
      return at.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword) ?? false;
  }
  return false;
}

function instanceOf(context: Context, name: ts.Identifier, call: ts.CallExpression): Instance {
  const [layoutNode, optionsNode] = call.arguments;
  if (!layoutNode) return refuse(context, call, SUBSET.layoutForm, 'instance() needs a layout');
  const layout = layoutOf(context, layoutNode);
  const options = new Map(
    optionsNode ? propertiesOf(context, optionsNode).map(({ name: key, value }) => [key, value]) : [],
  );
  const alignNode = options.get('align');
  const align = alignNode ? Number(constantInteger(context, alignNode)) : Math.min(layout.bytes & -layout.bytes, 16);
  if (align < 1 || align > 4096 || (align & (align - 1)) !== 0)
    refuse(context, alignNode ?? call, SUBSET.layoutForm, `an alignment is a power of two up to 4096, not ${align}`);
  const module = moduleOf(context, name);
  const instance = { name: name.text, module, at: locate(context, name), layout, align };
  module.instances.push(instance);
  return instance;
}

function listOf(context: Context, name: ts.Identifier, call: ts.CallExpression): ConstantList {
  const [typeNode, valuesNode] = call.arguments;
  if (!typeNode || !valuesNode || !ts.isArrayLiteralExpression(valuesNode) || valuesNode.elements.length === 0)
    return refuse(
      context,
      call,
      SUBSET.declarationForm,
      'a list is written list(U32, [value, ...]), with at least one value',
    );
  const entity = ts.isIdentifier(typeNode) ? context.entity(typeNode) : null;
  const type: Type =
    entity?.kind === 'library' && entity.name === 'STRING' ? { kind: 'string' } : scalarType(context, typeNode);
  const values = valuesNode.elements.map((node) => {
    const value = evaluate(context, node, context.lower.expression(node));
    checkScript(context, node, value);
    return typedValue(context, node, type, value);
  });
  const module = moduleOf(context, name);
  const list = { name: name.text, module, at: locate(context, name), type, values };
  module.lists.push(list);
  return list;
}

/** `value`, which is one of `type`. */
function typedValue(context: Context, node: ts.Expression, type: Type, value: Value): bigint | string {
  if (type.kind === 'string' && typeof value === 'string') return value;
  if (type.kind === 'integer' && typeof value === 'bigint') {
    const { low, high } = rangeOfName(integerName(type));
    if (value >= low && value <= high) return value;
  }
  const wanted = type.kind === 'integer' ? integerName(type) : 'string';
  return refuse(context, node, SUBSET.declarationForm, `${textOf(node)} is no ${wanted}`);
}

function scalarType(context: Context, node: ts.Expression): Type {
  const layout = layoutOf(context, node);
  return layout.kind === 'scalar' && layout.name !== 'boolean'
    ? {
        kind: 'integer',
        javascript: layout.bytes === 8 ? 'bigint' : 'number',
        name: layout.name,
        members: null,
      }
    : refuse(context, node, SUBSET.declarationForm, `a list holds integers or strings, not ${textOf(node)}`);
}

function tableOf(context: Context, name: ts.Identifier, call: ts.CallExpression): FunctionTable {
  const [lengthNode, fallbackNode, entriesNode] = call.arguments;
  if (!lengthNode || !fallbackNode || !entriesNode || !ts.isObjectLiteralExpression(entriesNode))
    return refuse(
      context,
      call,
      SUBSET.declarationForm,
      'a table is written table(length, fallback, { [KEY]: handler })',
    );
  const length = Number(constantInteger(context, lengthNode));
  const fallback = functionNamed(context, fallbackNode);
  const entries = new Map<number, Function>();
  for (const property of entriesNode.properties) {
    if (!ts.isPropertyAssignment(property))
      return refuse(context, property, SUBSET.declarationForm, 'an entry of a table is written [KEY]: handler');
    const key = tableKey(context, property.name);
    if (key < 0 || key >= length)
      refuse(context, property.name, SUBSET.declarationForm, `entry ${key} is outside 0..${length - 1}`);
    if (entries.has(key)) refuse(context, property.name, SUBSET.declarationForm, `entry ${key} stands twice`);
    entries.set(key, functionNamed(context, property.initializer));
  }
  const module = moduleOf(context, name);
  const table = { name: name.text, module, at: locate(context, name), fallback, length, entries };
  module.tables.push(table);
  return table;
}

function tableKey(context: Context, name: ts.PropertyName): number {
  if (ts.isComputedPropertyName(name)) return Number(constantInteger(context, name.expression));
  if (ts.isNumericLiteral(name)) return Number(name.text);
  return refuse(context, name, SUBSET.declarationForm, 'the key of a table is a number or a constant in brackets');
}

/** The function of the program that `node` names. */
export function functionNamed(context: Context, node: ts.Expression): Function {
  const entity = ts.isIdentifier(node) ? context.entity(node) : null;
  return entity?.kind === 'function'
    ? entity.function
    : refuse(context, node, SUBSET.functionValue, `${textOf(node)} is not a function of the program`);
}
