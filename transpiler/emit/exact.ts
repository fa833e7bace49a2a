/** The value that JavaScript computes for an operator, computed in C's __int128, which holds all of them. */
import type { ExpressionOf } from '../ir/nodes.js';
import { literal } from './arithmetic.js';

const LIMB = 2n ** 64n;

/** `text` may stand as an operand of anything. */
type Operator = (left: string, right: string) => string;

const EXACT: Readonly<Record<ExpressionOf<'binary'>['operator'], Operator>> = {
  '+': (left, right) => `${wide(left)} + ${right}`,
  '-': (left, right) => `${wide(left)} - ${right}`,
  '*': (left, right) => `exact_product(${left}, ${right})`,
  '/': (left, right) => `exact_quotient(${left}, ${right})`,
  '%': (left, right) => `exact_remainder(${left}, ${right})`,
  '&': (left, right) => `${wide(left)} & ${right}`,
  '|': (left, right) => `${wide(left)} | ${right}`,
  '^': (left, right) => `${wide(left)} ^ ${right}`,
  '<<': (left, right) => `exact_product(${left}, ${wide('1')} << ${right})`,
  '>>': (left, right) => `${wide(left)} >> ${right}`,
  '>>>': (left, right) => `${wide(left)} >> ${right}`,
};

/** Whether C's modular arithmetic, and not the exact value, is what an operator means: below a cast of bigints. */
export function isModular(node: ExpressionOf<'binary' | 'unary'>): boolean {
  return node.wraps && node.type.kind === 'integer' && node.type.javascript === 'bigint';
}

/** `left operator right`, of operands that may stand in any place. */
export function exactBinary(node: ExpressionOf<'binary'>, left: string, right: string): string {
  if (!isNumber(node)) return EXACT[node.operator](left, right);
  switch (node.operator) {
    case '&':
    case '|':
    case '^':
      return `(int32_t)((uint32_t)${left} ${node.operator} (uint32_t)${right})`;
    case '<<':
      // JavaScript wraps around, too, where a cast takes the result; elsewhere the exact result is claimed to fit.
      return node.wraps ? `(int32_t)((uint32_t)${left} << ${right})` : EXACT['<<'](left, right);
    default:
      return EXACT[node.operator](left, right);
  }
}

/** `-operand` or `~operand`. */
export function exactUnary(node: ExpressionOf<'unary'>, operand: string): string {
  if (node.operator === '~' && node.wraps) return `(int32_t)~(uint32_t)${operand}`;
  return `${node.operator}${wide(operand)}`;
}

/** A literal of any value that the prover names. */
export function exactLiteral(value: bigint): string {
  if (value >= -(LIMB / 2n) && value < LIMB) return literal(value).text;
  const low = BigInt.asUintN(64, value);
  return `(${wide(literal((value - low) / LIMB).text)} * ${wide('4294967296')} * 4294967296 + ${literal(low).text})`;
}

function isNumber({ type }: ExpressionOf<'binary'>): boolean {
  return type.kind === 'integer' && type.javascript === 'number';
}

/** The same value in a type in which comparing it, and computing with it, does not change it. */
export function wide(text: string): string {
  return `(__int128)${text}`;
}
