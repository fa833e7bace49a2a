/** Integer operators in C. */
import { rangeOfName } from '../ir/integers.js';
import type { BinaryOperator, CompareOperator, ExpressionOf } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';
import { holding, holds, isSigned, type Machine, promoted, rangeOf, unsigned, usual, wide, yields } from './machine.js';
import { castTo, inMachine, Level, primary, type Rendered, within } from './rendered.js';
import { integerCType } from './types.js';

const LEVELS: Readonly<Record<BinaryOperator | CompareOperator, Level>> = {
  '+': Level.sum,
  '-': Level.sum,
  '*': Level.product,
  '/': Level.product,
  '%': Level.product,
  '&': Level.bitAnd,
  '|': Level.bitOr,
  '^': Level.bitXor,
  '<<': Level.shift,
  '>>': Level.shift,
  '>>>': Level.shift,
  '<': Level.relational,
  '<=': Level.relational,
  '>': Level.relational,
  '>=': Level.relational,
  '===': Level.equality,
  '!==': Level.equality,
};

const INT_LIMIT = 2n ** 31n;

/**
 * An integer literal; `source` is how the program spells it, which is kept where it is hexadecimal. What no type holds
 * stands below a cast only, so it counts modulo 2^64.
 */
export function literal(value: bigint, source = ''): Rendered {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) return literal(BigInt.asUintN(64, value));
  const hexadecimal = /^0x[0-9a-f_]+n?$/i.test(source);
  const digits = hexadecimal ? source.replace(/_|n$/g, '').toLowerCase() : String(value);
  if (value < -(2n ** 31n))
    return { text: `(${value + 1n}ll - 1)`, level: Level.primary, machine: 'int64_t', plain: true };
  if (value === -(2n ** 31n)) return primary(`(${value + 1n} - 1)`, 'int32_t', true);
  if (value < 0n) return { text: digits, level: Level.unary, machine: 'int32_t', plain: true };
  if (value < INT_LIMIT) return primary(digits, 'int32_t', true);
  return value < 2n ** 32n ? primary(`${digits}u`, 'uint32_t', true) : primary(`${digits}ull`, 'uint64_t', true);
}

/** `left operator right`. */
export function binary(node: ExpressionOf<'binary'>, left: Rendered, right: Rendered): Rendered {
  const modulus = node.wraps ? machineOfModulus(node) : null;
  switch (node.operator) {
    case '+':
    case '-':
    case '*':
    case '&':
    case '|':
    case '^':
      return modulus ? inModulus(node.operator, modulus, left, right) : exact(node, left, right);
    case '<<':
      return leftShift(node, modulus, left, right);
    case '>>':
    case '>>>':
      return rightShift(node, left, right);
    case '/':
    case '%':
      return quotient(node, left, right);
  }
}

/** The unsigned type in which operators below a cast wrap around. */
function machineOfModulus(node: ExpressionOf<'binary' | 'unary' | 'conditional'>): Machine {
  return node.type.kind === 'integer' && node.type.javascript === 'bigint' ? 'uint64_t' : 'uint32_t';
}

function inModulus(operator: BinaryOperator, modulus: Machine, left: Rendered, right: Rendered): Rendered {
  const [a, b] = meeting(modulus, left, right);
  return joined(operator, modulus, a, b);
}

/** Operators that are right in any type that holds the result, as long as a signed one holds the operands too. */
function exact(node: ExpressionOf<'binary'>, left: Rendered, right: Rendered): Rendered {
  const result = rangeOf(node);
  const ranges = [rangeOf(node.left), rangeOf(node.right)];
  const natural = usual(machine(left), machine(right));
  if (holds(natural, result)) return joined(node.operator, natural, left, right);
  const chosen = holding(result);
  const computed = isSigned(chosen) && !holds(chosen, ...ranges) ? unsigned(chosen) : chosen;
  const [a, b] = meeting(computed, left, right);
  const value = joined(node.operator, computed, a, b);
  return computed === chosen ? value : castTo(chosen, chosen, value);
}

/** The operands converted such that C computes in `wanted`. */
function meeting(wanted: Machine, left: Rendered, right: Rendered): readonly [Rendered, Rendered] {
  const leftStays = left.machine === wanted || (right.machine === wanted && yields(machine(left), wanted));
  const a = leftStays ? left : inMachine(wanted, left);
  return [a, yields(machine(right), wanted) ? right : inMachine(wanted, right)];
}

function leftShift(node: ExpressionOf<'binary'>, modulus: Machine | null, left: Rendered, right: Rendered): Rendered {
  if (modulus) return joined('<<', modulus, inMachine(modulus, left), right);
  const result = rangeOf(node);
  const chosen = shiftable(node, machine(left), result);
  const computed = rangeOf(node.left).low < 0n ? unsigned(chosen) : chosen;
  const value = joined('<<', computed, inMachine(computed, left), right);
  return computed === chosen ? value : castTo(chosen, chosen, value);
}

function rightShift(node: ExpressionOf<'binary'>, left: Rendered, right: Rendered): Rendered {
  const chosen = shiftable(node, machine(left), rangeOf(node.left));
  return joined('>>', chosen, inMachine(chosen, left), right);
}

/** A type that holds `range` and is wider than the count of the shift. */
function shiftable(node: ExpressionOf<'binary'>, natural: Machine, range: Range): Machine {
  const chosen = holds(natural, range) ? natural : holding(range);
  return rangeOf(node.right).high < 32n ? chosen : wide(chosen);
}

function quotient(node: ExpressionOf<'binary'>, left: Rendered, right: Rendered): Rendered {
  const [a, b, machine] = holdingBoth(left, right, rangeOf(node.left), rangeOf(node.right));
  if (machine !== 'int32_t' || !mayTrap(rangeOf(node.left), rangeOf(node.right)))
    return joined(node.operator, machine, a, b);
  return joined(node.operator, 'int64_t', inMachine('int64_t', a), inMachine('int64_t', b));
}

/** Whether the least int may be divided by -1, at which the processor traps. */
function mayTrap(left: Range, right: Range): boolean {
  return left.low <= -INT_LIMIT && right.low <= -1n && right.high >= -1n;
}

/** The operands in a type that holds both. */
function holdingBoth(
  left: Rendered,
  right: Rendered,
  leftRange: Range,
  rightRange: Range,
): readonly [Rendered, Rendered, Machine] {
  const natural = usual(machine(left), machine(right));
  const chosen = holds(natural, leftRange, rightRange) ? natural : holding(leftRange, rightRange);
  const [a, b] = chosen === natural ? [left, right] : meeting(chosen, left, right);
  return [a, b, chosen];
}

/** `left operator right` for a comparison of integers. */
export function comparison(node: ExpressionOf<'compare'>, left: Rendered, right: Rendered): Rendered {
  const [a, b, chosen] = holdingBoth(left, right, rangeOf(node.left), rangeOf(node.right));
  // gcc warns of a signed operand beside an unsigned one, except where it looks harmless.
  const matched = (operand: Rendered): Rendered =>
    isSigned(machine(operand)) !== isSigned(chosen) && !operand.plain ? inMachine(chosen, operand) : operand;
  return equation(node.operator, matched(a), matched(b));
}

/** `left operator right`, a boolean, whatever the operands are. */
export function equation(operator: CompareOperator, left: Rendered, right: Rendered): Rendered {
  const spelled = operator === '===' ? '==' : operator === '!==' ? '!=' : operator;
  const text = `${within(Level.shift, left)} ${spelled} ${within(Level.shift, right)}`;
  return { text, level: LEVELS[operator], machine: 'int32_t', plain: true };
}

/** `-operand` and `~operand`. */
export function unary(node: ExpressionOf<'unary'>, operand: Rendered): Rendered {
  const apply = (value: Rendered, machine: Machine): Rendered => ({
    text: `${node.operator}${within(Level.primary, value)}`,
    level: Level.unary,
    machine,
    plain: false,
  });
  if (node.wraps) {
    const modulus = machineOfModulus(node);
    return apply(inMachine(modulus, operand), modulus);
  }
  const result = rangeOf(node);
  const natural = machine(operand);
  if (holds(natural, result)) return apply(operand, natural);
  const chosen = holding(result);
  const computed = isSigned(chosen) && !holds(chosen, rangeOf(node.operand)) ? unsigned(chosen) : chosen;
  const value = apply(inMachine(computed, operand), computed);
  return computed === chosen ? value : castTo(chosen, chosen, value);
}

/** `test ? then : otherwise` of integers. */
export function conditional(
  node: ExpressionOf<'conditional'>,
  test: Rendered,
  then: Rendered,
  otherwise: Rendered,
): Rendered {
  const ranges = [rangeOf(node.then), rangeOf(node.otherwise)];
  const natural = usual(machine(then), machine(otherwise));
  const chosen = node.wraps ? machineOfModulus(node) : holds(natural, ...ranges) ? natural : holding(...ranges);
  // Literals and narrow values convert without harm, as long as C converts them to no other type.
  const stays = ({ plain }: Rendered): boolean => plain && natural === chosen;
  const matched = (value: Rendered): Rendered => (stays(value) ? value : inMachine(chosen, value));
  return { ...choice(test, matched(then), matched(otherwise)), machine: chosen };
}

/** `test ? then : otherwise` of anything. */
export function choice(test: Rendered, then: Rendered, otherwise: Rendered): Rendered {
  const text = [
    within(Level.or, test),
    `? ${within(Level.conditional, then)}`,
    `: ${within(Level.conditional, otherwise)}`,
  ].join(' ');
  return { text, level: Level.conditional, machine: null, plain: false };
}

/** Parenthesizes more than C asks for where a reader, or gcc, would doubt. */
function joined(operator: BinaryOperator, result: Machine, left: Rendered, right: Rendered): Rendered {
  const level = LEVELS[operator];
  const spelled = operator === '>>>' ? '>>' : operator;
  const arithmetic = level === Level.sum || level === Level.product;
  const ownLevel = (operand: Rendered): boolean => operand.level === level && operator !== '%' && level !== Level.shift;
  const leftText = ownLevel(left) || (arithmetic && left.level > level) ? left.text : within(Level.unary, left);
  const rightText = level === Level.sum && right.level > level ? right.text : within(Level.unary, right);
  return { text: `${leftText} ${spelled} ${rightText}`, level, machine: result, plain: false };
}

function machine(operand: Rendered): Machine {
  return operand.machine ?? 'int32_t';
}

/** `operand` converted to the type that a cast names. */
export function cast(node: ExpressionOf<'cast'>, operand: Rendered): Rendered {
  const to = integerCType(node.to);
  const range = rangeOf(node.operand);
  const type = rangeOfName(node.to);
  const fits = node.operand.type.kind === 'integer' && type.low <= range.low && range.high <= type.high;
  const wraps = 'wraps' in node.operand && node.operand.wraps;
  if (operand.machine === to && (wraps || fits)) return operand;
  return { ...castTo(to, promoted(to), operand), plain: promoted(to) !== to };
}
