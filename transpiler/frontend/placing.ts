/** Expressions in their place in the source, and in the place that their value goes to. */
import type { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { Expression } from '../ir/nodes.js';
import type { Layout, Type } from '../ir/types.js';
import { type Context, locate, refuse, textOf } from './context.js';
import { checkSpace } from './operators.js';

/** An expression without its place and text. */
type Unplaced<E> = E extends unknown ? Omit<E, 'at' | 'text' | 'range'> : never;

export const BOOLEAN: Type = { kind: 'boolean' };

/** Adds place and text of `node` to `expression`. */
export function placed<E extends Unplaced<Expression>>(context: Context, node: ts.Node, expression: E): Expression {
  return { ...expression, at: locate(context, node), text: textOf(node) };
}

/**
 * The expression at `node`, to be stored to or passed as a `target`: null is of that type then,
 * and an integer of no other address space.
 */
export function valueFor(context: Context, node: ts.Expression, target: Type): Expression {
  return valueAs(context, node, context.lower.expression(node), target);
}

/** `value`, which is the expression at `node`, to be stored to or passed as a `target`. */
export function valueAs(context: Context, node: ts.Expression, value: Expression, target: Type): Expression {
  if (target.kind === 'integer' && value.type.kind === 'integer') checkSpace(context, node, target, value.type);
  if (target.kind === 'reference') checkLayout(context, node, target.layout, value);
  return ofType(value, target);
}

/** Refuses a reference to memory of another layout than `wanted`, which TypeScript may take for one of it. */
function checkLayout(context: Context, node: ts.Node, wanted: Layout, { kind, type, text }: Expression): void {
  if (kind === 'null' || type.kind === 'never' || (type.kind === 'reference' && type.layout === wanted)) return;
  refuse(
    context,
    node,
    SUBSET.otherLayout,
    `${text} is of another layout than what is wanted here`,
    'declare both with the same layout',
  );
}

/** `value`, where a null literal is of the type `target`. */
export function ofType(value: Expression, target: Type): Expression {
  return value.kind === 'null' ? { ...value, type: target } : value;
}
