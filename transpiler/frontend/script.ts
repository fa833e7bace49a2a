/** Compares the evaluated value of a constant with the value that JavaScript computes. */
import { compileFunction } from 'node:vm';
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { Constant } from '../ir/nodes.js';
import * as library from '../lib/index.js';
import type { Value } from './constants.js';
import { type Context, refuse, symbolOf, textOf } from './context.js';

/**
 * Refuses the constant at `initializer` where JavaScript gives something else than `value`. The expression has been
 * lowered and evaluated, so it holds only literals, operators, casts and names of constants.
 */
export function checkScript(context: Context, initializer: ts.Expression, value: Value): void {
  if (isInteger(initializer)) return;
  const names = rootsOf(context, initializer);
  const evaluate = compileFunction(`return (${initializer.getText()});`, [...names.keys()]) as (
    ...values: unknown[]
  ) => unknown;
  const found = evaluate(...names.values());
  const same = typeof found === 'number' ? Number.isInteger(found) && BigInt(found) === value : found === value;
  if (same) return;
  refuse(
    context,
    initializer,
    SUBSET.constantValue,
    `${textOf(initializer)} is ${String(value)} in C and ${String(found)} in JavaScript`,
    'write it such that no operator leaves its 32 or 64 bits',
  );
}

/** Whether `node` is a plain integer literal, as most constants are. */
function isInteger(node: ts.Expression): boolean {
  return ts.isBigIntLiteral(node) || (ts.isNumericLiteral(node) && Number.isSafeInteger(Number(node.text)));
}

/** The names that an expression starts from, with what they are in JavaScript. */
function rootsOf(context: Context, node: ts.Expression): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const visit = (part: ts.Node): void => {
    if (ts.isIdentifier(part)) found.set(part.text, scriptValue(context, part));
    else if (ts.isPropertyAccessExpression(part)) visit(part.expression);
    else ts.forEachChild(part, visit);
  };
  visit(node);
  return found;
}

function scriptValue(context: Context, node: ts.Identifier): unknown {
  const entity = context.entity(node);
  switch (entity.kind) {
    case 'constant':
      return ofConstant(entity.constant);
    case 'enumeration':
      return Object.fromEntries([...entity.members].map(([name, member]) => [name, ofConstant(member)]));
    case 'layout':
      return { bytes: entity.layout.bytes };
    case 'list':
      return { length: entity.list.values.length };
    case 'table':
      return { length: entity.table.length };
    case 'library':
      return (library as Readonly<Record<string, unknown>>)[symbolOf(context, node)?.name ?? node.text];
    default:
      return undefined;
  }
}

function ofConstant({ type, value }: Constant): unknown {
  return type.kind === 'integer' && type.javascript === 'number' ? Number(value) : value;
}
