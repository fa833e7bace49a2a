/** The literal forms that declarations are written in: calls of the library, and object literals. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { type Context, refuse, symbolOf } from './context.js';
import { libraryFolder } from './sources/load.js';

/** The library's call that `node` is, by the function's name; null where it is something else. */
export function callOf(context: Context, node: ts.Expression): { name: string; node: ts.CallExpression } | null {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return null;
  const name = libraryName(symbolOf(context, node.expression));
  return name === null ? null : { name, node };
}

/** The name of what `symbol` stands for, where the library itself declares it. */
export function libraryName(symbol: ts.Symbol | undefined): string | null {
  const file = symbol?.declarations?.[0]?.getSourceFile().fileName;
  return symbol && file?.startsWith(libraryFolder()) ? symbol.name : null;
}

/** Whether a name means the same in JavaScript and in C: `__proto__` sets a prototype, and C has no spaces in names. */
function isPlainName(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__';
}

export interface Property {
  readonly name: string;
  readonly node: ts.PropertyName;
  readonly value: ts.Expression;
}

/** The properties of an object literal whose keys are plain names, in order. */
export function propertiesOf(context: Context, node: ts.Expression): Property[] {
  if (!ts.isObjectLiteralExpression(node))
    return refuse(context, node, SUBSET.declarationForm, 'an object literal stands here');
  return node.properties.map((property) => {
    const { name } = property;
    if (name && (ts.isIdentifier(name) || ts.isStringLiteral(name)) && !isPlainName(name.text))
      return refuse(context, name, SUBSET.declarationForm, `${name.text} is not a name of the language`);
    if (ts.isShorthandPropertyAssignment(property))
      return { name: property.name.text, node: property.name, value: property.name };
    if (ts.isPropertyAssignment(property) && (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name)))
      return { name: property.name.text, node: property.name, value: property.initializer };
    return refuse(context, property, SUBSET.declarationForm, 'a property is written name: value');
  });
}
