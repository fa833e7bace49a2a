/** Memory, lists and strings: indices are proved to be in bounds, and what is read has the range of its place. */
import { PROOF } from '../diagnostics/proof.js';
import type { Expression, ExpressionOf, Statement } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';
import { binary, compare, integer, lengthOf } from './fixes/build.js';
import { checkFits, checkIndex, guardsOrRequires } from './checks.js';
import type { Context } from './context.js';
import { lessOrEqual, less, atMost, type Formula } from './domain/formula.js';
import { add, constant, scale, type Linear } from './domain/linear.js';
import { rangeOfType, spanOf, U32, U64 } from './domain/range.js';

/** The values that the memory of an access can hold. */
export function memoryRange(expression: ExpressionOf<'field' | 'bits' | 'bytesStart' | 'addressOf'>): Range {
  if (expression.kind === 'bits') return bitsRange(expression);
  return expression.type.kind === 'integer' ? rangeOfType(expression.type) : U64;
}

/** The values of a bit field, by its width. */
export function bitsRange({ base, field, type }: ExpressionOf<'bits'>): Range {
  const layout = base.type.kind === 'reference' && base.type.layout.kind === 'bits' ? base.type.layout : null;
  const place = field === null ? undefined : layout?.fields.get(field);
  if (place === undefined) return type.kind === 'integer' ? rangeOfType(type) : U64;
  const [low, high] = place;
  return { low: 0n, high: (1n << BigInt(high - low + 1)) - 1n };
}

export function arrayElement(context: Context, expression: ExpressionOf<'element'>): Linear {
  context.visit(expression.base);
  checkIndex(context, expression.index, expression.length, `${expression.base.text} has ${expression.length} elements`);
  return context.unknown(expression);
}

export function listElement(context: Context, expression: ExpressionOf<'listGet'>): Linear {
  const { values, name } = expression.list;
  checkIndex(context, expression.index, values.length, `${name} has ${values.length} values`);
  return context.fresh(
    expression,
    spanOf(values.map((value) => (typeof value === 'string' ? BigInt(value.length) : value))),
  );
}

export function character(context: Context, expression: ExpressionOf<'charCode'>): Linear {
  const { base, index } = expression;
  const length = context.integer(base);
  const value = context.integer(index);
  const isInside: Formula = { kind: 'all', parts: [notNegative(value), less(value, length)] };
  context.prove(isInside, [{ kind: 'character', node: expression }], () => ({
    code: PROOF.character,
    at: index.at,
    message: `there may be no character ${index.text} in ${base.text}`,
    fixes: () => guardsOrRequires(context, index, compare(index, '<', lengthOf(base))),
  }));
  return context.fresh(expression, { low: 0n, high: 127n });
}

export function bytesRead(context: Context, expression: ExpressionOf<'bytesRead'>): Linear {
  const { base, offset, bytes } = expression;
  const length = context.integer(base);
  const start = context.integer(offset);
  context.prove(withinBytes(start, constant(BigInt(bytes)), length), [{ kind: 'bytes', node: expression }], () => ({
    code: PROOF.bytesRead,
    at: offset.at,
    message: `${bytes === 1 ? 'the byte' : `${bytes} bytes`} at ${offset.text} may be outside ${base.text}`,
    fixes: () => guardsOrRequires(context, offset, isInsideBytes(offset, integer(BigInt(bytes), offset), base)),
  }));
  return context.fresh(expression, { low: 0n, high: (1n << BigInt(bytes * 8)) - 1n });
}

/** Proves that a write is inside, and that the value fits. */
export function checkBytesWrite(context: Context, statement: Extract<Statement, { kind: 'bytesWrite' }>): void {
  const { base, offset, bytes, value } = statement;
  const length = context.integer(base);
  const start = context.integer(offset);
  context.prove(withinBytes(start, constant(BigInt(bytes)), length), [{ kind: 'bytes', node: statement }], () => ({
    code: PROOF.bytesWrite,
    at: offset.at,
    message: `${bytes === 1 ? 'the byte' : `${bytes} bytes`} at ${offset.text} may be outside ${base.text}`,
    fixes: () => guardsOrRequires(context, offset, isInsideBytes(offset, integer(BigInt(bytes), offset), base)),
  }));
  const range = { low: 0n, high: (1n << BigInt(bytes * 8)) - 1n };
  checkFits(context, value, context.integer(value), range, `${bytes * 8} bits`);
}

/** The length of a part of Bytes. */
export function bytesPart(context: Context, expression: ExpressionOf<'bytesPart'>): Linear {
  const { base, offset, length, at } = expression;
  const all = context.integer(base);
  const start = context.integer(offset);
  const count = context.integer(length);
  const isInside: Formula = { kind: 'all', parts: [withinBytes(start, count, all), notNegative(count)] };
  context.prove(isInside, [{ kind: 'bytes', node: expression }], () => ({
    code: PROOF.bytesPart,
    at,
    message: `${length.text} bytes from ${offset.text} may reach outside ${base.text}`,
    fixes: () => {
      const conditions = [isInsideBytes(offset, length, base)];
      if (length.kind === 'binary' && length.operator === '-')
        conditions.push(compare(length.left, '>=', length.right));
      return guardsOrRequires(context, offset, ...conditions);
    },
  }));
  return count;
}

/** The length of a window over machine memory. */
export function checkedWindow(context: Context, { start, length }: ExpressionOf<'window'>): Linear {
  checkFits(context, start, context.integer(start), U64, 'Hpa');
  const count = context.integer(length);
  checkFits(context, length, count, U32, 'u32');
  return count;
}

function notNegative(value: Linear): Formula {
  return atMost(scale(value, -1n));
}

/** `0 <= start && start + count <= length`. */
function withinBytes(start: Linear, count: Linear, length: Linear): Formula {
  return { kind: 'all', parts: [notNegative(start), lessOrEqual(add(start, count), length)] };
}

/** `offset + count <= base.length`. */
function isInsideBytes(offset: Expression, count: Expression, base: Expression): Expression {
  const isConstant = offset.kind === 'integer' && count.kind === 'integer';
  if (isConstant) return compare(lengthOf(base), '>=', integer(offset.value + count.value, offset));
  return compare(binary(offset, '+', count), '<=', lengthOf(base));
}
