/** Intrinsics, read from the literal of their `intrinsics({...})` declaration. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { IntrinsicFunction } from '../ir/nodes.js';
import type { IntegerName, Type } from '../ir/types.js';
import { type Context, refuse } from './context.js';
import { layoutOf } from './layouts.js';
import { callOf, propertiesOf } from './literals.js';
import { integerType } from './types.js';

/** Functions of the library that the platform supplies (prelude.h). */
export const PLATFORM_FUNCTIONS: Readonly<Record<string, IntrinsicFunction>> = {
  copyMemory: {
    name: 'copyMemory',
    c: 'platform_copyMemory',
    parameters: [
      { name: 'to', type: integerType('hpa') },
      { name: 'from', type: integerType('hpa') },
      { name: 'length', type: integerType('u64') },
    ],
    result: { kind: 'void' },
    effects: ['memory'],
  },
  fillMemory: {
    name: 'fillMemory',
    c: 'platform_fillMemory',
    parameters: [
      { name: 'to', type: integerType('hpa') },
      { name: 'value', type: integerType('u8') },
      { name: 'length', type: integerType('u64') },
    ],
    result: { kind: 'void' },
    effects: ['memory'],
  },
  exchange32: {
    name: 'exchange32',
    c: 'memory_exchange32',
    parameters: [
      { name: 'address', type: integerType('hpa') },
      { name: 'value', type: integerType('u32') },
    ],
    result: integerType('u32'),
    effects: ['memory'],
    takesMemory: true,
  },
  exchangeAdd32: {
    name: 'exchangeAdd32',
    c: 'memory_exchangeAdd32',
    parameters: [
      { name: 'address', type: integerType('hpa') },
      { name: 'value', type: integerType('u32') },
    ],
    result: integerType('u32'),
    effects: ['memory'],
    takesMemory: true,
  },
  compareExchange32: compareExchange('compareExchange32', 'u32'),
  compareExchange64: compareExchange('compareExchange64', 'u64'),
};

function compareExchange(name: string, type: 'u32' | 'u64'): IntrinsicFunction {
  return {
    name,
    c: `memory_${name}`,
    parameters: [
      { name: 'address', type: integerType('hpa') },
      { name: 'expected', type: integerType(type) },
      { name: 'value', type: integerType(type) },
    ],
    result: integerType(type),
    effects: ['memory'],
    takesMemory: true,
  };
}

/** The intrinsic that one name of `const { name, ... } = intrinsics({...})` stands for. */
export function intrinsicOf(context: Context, element: ts.BindingElement): IntrinsicFunction {
  const declaration = element.parent.parent;
  const call =
    ts.isVariableDeclaration(declaration) && declaration.initializer ? callOf(context, declaration.initializer) : null;
  const [table] = call?.name === 'intrinsics' ? call.node.arguments : [];
  if (!table || !ts.isIdentifier(element.name))
    return refuse(context, element, SUBSET.statement, 'destructuring is only for intrinsics({...})');
  const name = element.name.text;
  const declared = propertiesOf(context, table).find((property) => property.name === name);
  if (!declared) return refuse(context, element, SUBSET.intrinsicForm, `intrinsics({...}) does not declare ${name}`);
  const parts = new Map(propertiesOf(context, declared.value).map((part) => [part.name, part.value]));
  const part = (key: string): ts.Expression =>
    parts.get(key) ?? refuse(context, declared.value, SUBSET.intrinsicForm, `the intrinsic ${name} has no ${key}`);
  return {
    name,
    c: textIn(context, part('c')),
    parameters: elementsOf(context, part('parameters')).map((parameter) => {
      const [parameterName, type] = elementsOf(context, parameter);
      if (!parameterName || !type)
        return refuse(context, parameter, SUBSET.intrinsicForm, "a parameter is written ['name', 'type']");
      return { name: textIn(context, parameterName), type: typeNamed(textIn(context, type)) };
    }),
    result: resultType(context, part('result')),
    effects: elementsOf(context, part('effects')).map((effect) => textIn(context, effect)),
  };
}

function resultType(context: Context, node: ts.Expression): Type {
  if (ts.isStringLiteral(node)) return typeNamed(node.text);
  return { kind: 'reference', layout: layoutOf(context, node), nullable: false };
}

/** The type of a name that lib/intrinsics.ts allows; TypeScript has refused others. */
function typeNamed(name: string): Type {
  switch (name) {
    case 'void':
    case 'never':
    case 'boolean':
    case 'string':
      return { kind: name };
    default:
      return integerType(name as IntegerName);
  }
}

function textIn(context: Context, node: ts.Expression): string {
  return ts.isStringLiteral(node)
    ? node.text
    : refuse(context, node, SUBSET.intrinsicForm, 'a string literal stands here');
}

function elementsOf(context: Context, node: ts.Expression): readonly ts.Expression[] {
  return ts.isArrayLiteralExpression(node)
    ? node.elements
    : refuse(context, node, SUBSET.intrinsicForm, 'an array literal stands here');
}
