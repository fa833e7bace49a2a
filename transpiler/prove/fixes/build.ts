/** Makes new expressions for fixes. */
import type {
  BinaryOperator,
  BuiltinName,
  CompareOperator,
  Expression,
  ExpressionOf,
  Statement,
} from '../../ir/nodes.js';
import { asOperand } from '../../ir/spelling.js';
import type { IntegerName, IntegerType, Type } from '../../ir/types.js';
import { magnitude } from '../domain/linear.js';

const BOOLEAN: Type = { kind: 'boolean' };
const NUMBER: IntegerType = { kind: 'integer', javascript: 'number', name: null, members: null };
/** Numbers from this one up are written in hexadecimal. */
const LARGE = 0x1_0000n;

/** A literal of the kind of integer that `beside` is. */
export function integer(value: bigint, { at, type }: Expression): Expression {
  const isBigint = type.kind === 'integer' && type.javascript === 'bigint';
  const javascript = isBigint ? 'bigint' : 'number';
  return {
    kind: 'integer',
    at,
    type: { ...NUMBER, javascript },
    value,
    text: `${digits(value)}${isBigint ? 'n' : ''}`,
  };
}

/** A number as programs write it. */
export function digits(value: bigint): string {
  if (magnitude(value) < LARGE) return String(value);
  const grouped = magnitude(value)
    .toString(16)
    .replace(/(?=(?:.{4})+$)(?!^)/g, '_');
  return `${value < 0n ? '-' : ''}0x${grouped}`;
}

export function compare(left: Expression, operator: CompareOperator, right: Expression): Expression {
  const text = `${ofSum(left)} ${operator} ${ofSum(right)}`;
  return { kind: 'compare', at: left.at, type: BOOLEAN, operator, left, right, text };
}

/** The expressions that need no parentheses beside a comparison. */
function ofSum(expression: Expression): string {
  const isSum = expression.kind === 'binary' && '+-*/%'.includes(expression.operator);
  return isSum ? expression.text : asOperand(expression.text);
}

export function both(left: Expression, right: Expression): Expression {
  const text = [left, right].map((part) => (/\|\||\?/.test(part.text) ? `(${part.text})` : part.text)).join(' && ');
  return { kind: 'logical', at: left.at, type: BOOLEAN, operator: '&&', left, right, text };
}

export function binary(left: Expression, operator: BinaryOperator, right: Expression): Expression {
  const text = `${asOperand(left.text)} ${operator} ${asOperand(right.text)}`;
  return { kind: 'binary', at: left.at, type: left.type, operator, left, right, wraps: false, text };
}

/** `to(operand)`. The operators below it wrap around where they may. */
export function cast(to: IntegerName, operand: Expression): Expression {
  const { at, text } = operand;
  return { kind: 'cast', at, type: typeNamed(to), to, operand: wrapping(operand), text: `${to}(${text})` };
}

const WRAPS = '+-*&|^<<';

/** A copy of the operator, as the frontend makes it below a cast. */
function wrapping(expression: Expression): Expression {
  switch (expression.kind) {
    case 'unary':
      return { ...expression, operand: wrapping(expression.operand), wraps: true };
    case 'binary': {
      const { operator, left, right } = expression;
      if (!WRAPS.includes(operator)) return { ...expression };
      return {
        ...expression,
        left: wrapping(left),
        right: operator === '<<' ? right : wrapping(right),
        wraps: true,
      };
    }
    default:
      return { ...expression };
  }
}

export function builtin(name: BuiltinName, operands: readonly Expression[], { at }: Expression): Expression {
  const type = typeNamed(name.endsWith('32') ? 'u32' : 'u64');
  return { kind: 'builtin', at, type, name, operands, text: `${name}(${operands.map(({ text }) => text).join(', ')})` };
}

/** The length of Bytes or of a string. */
export function lengthOf(base: Expression): Expression {
  const kind: ExpressionOf<'bytesLength' | 'stringLength'>['kind'] =
    base.type.kind === 'string' ? 'stringLength' : 'bytesLength';
  return { kind, at: base.at, type: typeNamed('u32'), base, text: `${base.text}.length` };
}

/** A statement that stops for ever if the condition is false. */
export function stopUnless(condition: Expression): Statement {
  const { at, text } = condition;
  const test: Expression = { kind: 'not', at, type: BOOLEAN, operand: condition, text: `!(${text})` };
  const forever: Statement = { kind: 'loop', at, before: [], test: null, update: [], body: [] };
  return { kind: 'if', at, test, then: [forever], otherwise: [] };
}

/** Whether TypeScript accepts an integer of type `from` for one of type `to`. */
export function flows(from: Type, to: Type | null): boolean {
  if (to?.kind !== 'integer' || from.kind !== 'integer' || to.name === null || from.name === null) return true;
  const [narrow, wide] = [from.name, to.name];
  if (narrow === wide) return true;
  const isNumbers = from.javascript === 'number' && to.javascript === 'number';
  return isNumbers && narrow[0] === wide[0] && Number(narrow.slice(1)) < Number(wide.slice(1));
}

function typeNamed(name: IntegerName): IntegerType {
  const isNumber = /^[ui](8|16|32)$/.test(name);
  return { kind: 'integer', javascript: isNumber ? 'number' : 'bigint', name, members: null };
}
