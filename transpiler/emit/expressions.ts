/** Expressions in C. */
import type { Callee, Expression, ExpressionOf } from '../ir/nodes.js';
import { operandsOf } from '../ir/walk.js';
import { binary, cast, choice, comparison, conditional, equation, literal, unary } from './arithmetic.js';
import { promoted } from './machine.js';
import { fieldName, globalName, localName } from '../ir/cNames.js';
import { castTo, Level, primary, type Rendered, within } from './rendered.js';
import type { Scope } from './scope.js';
import { operandsThatAct, operandsToFix } from './sequence.js';
import { cType, layoutType } from './types.js';

/** The C text of `expression`, to stand where any operator may follow only if it is parenthesized. */
export function textOf(scope: Scope, expression: Expression): string {
  return render(scope, expression).text;
}

export function render(scope: Scope, expression: Expression): Rendered {
  return (
    scope.fixed.get(expression) ?? scope.checks.expression(scope, expression, () => renderPlain(scope, expression))
  );
}

function renderPlain(scope: Scope, expression: Expression): Rendered {
  if (expression.kind === 'logical' || expression.kind === 'conditional') return renderInOrder(scope, expression);
  const kept = operandsToFix(operandsOf(expression).filter((operand) => !scope.fixed.has(operand)));
  if (kept.length === 0) return renderInOrder(scope, expression);
  const declarations = fix(scope, kept);
  const { text, machine } = renderInOrder(scope, expression);
  release(scope, kept);
  return primary(`({ ${declarations.join(' ')} ${text}; })`, machine);
}

/**
 * Declares a constant for each of `operands` whose order counts, in order, and has it stand for
 * the operand from now on.
 */
export function fixOperands(scope: Scope, operands: readonly Expression[]): string[] {
  return fix(scope, operandsToFix(operands.filter((operand) => !scope.fixed.has(operand))));
}

/** As `fixOperands`, but for operands that the C names twice and that are evaluated once. */
export function fixActing(scope: Scope, operands: readonly Expression[]): string[] {
  return fix(scope, operandsThatAct(operands.filter((operand) => !scope.fixed.has(operand))));
}

/** Declares a constant for each of `operands`, in order, and has it stand for the operand from now on. */
export function fix(scope: Scope, operands: readonly Expression[]): string[] {
  return operands.map((operand) => {
    const rendered = render(scope, operand);
    scope.count += 1;
    const name = `operand${scope.count}`;
    scope.fixed.set(operand, { ...rendered, text: name, level: Level.primary, plain: false });
    return `${declaration(rendered.machine ?? cType(operand.type), name)} = ${rendered.text};`;
  });
}

/** Ends the block that declares the constants of `operands`. */
export function release(scope: Scope, operands: readonly Expression[]): void {
  for (const operand of operands) scope.fixed.delete(operand);
}

/**
 * Puts the operands whose order counts into constants that stand before the statement, where
 * `expression` is all that the statement evaluates.
 */
export function hoist(scope: Scope, expression: Expression): string[] {
  if (scope.fixed.has(expression)) return [];
  const operands = operandsOf(expression);
  const [only] = operands;
  if (only && operands.length === 1) return hoist(scope, only);
  if (expression.kind === 'logical' || expression.kind === 'conditional') return [];
  return fixOperands(scope, operands);
}

/** `const type name` for values, `type *const name` for references. */
export function declaration(type: string, name: string, isConstant = true): string {
  if (!isConstant) return type.endsWith('*') ? `${type}${name}` : `${type} ${name}`;
  return type.endsWith('*') ? `${type}const ${name}` : `const ${type} ${name}`;
}

function renderInOrder(scope: Scope, expression: Expression): Rendered {
  switch (expression.kind) {
    case 'integer':
      return literal(expression.value, expression.text);
    case 'boolean':
      return primary(String(expression.value));
    case 'string':
      return primary(`STRING(${quoted(expression.value)})`);
    case 'null':
      return primary(expression.type.kind === 'bytes' ? 'NO_BYTES' : 'NULL');
    case 'constant':
      return constant(expression);
    case 'variable':
      return value(localName(expression.variable), expression);
    case 'unary':
      return unary(expression, render(scope, expression.operand));
    case 'binary':
      return binary(expression, render(scope, expression.left), render(scope, expression.right));
    case 'compare':
      return compare(scope, expression);
    case 'isNull':
      return isNull(scope, expression);
    case 'logical':
      return logical(scope, expression);
    case 'not':
      return {
        text: `!${within(Level.unary, render(scope, expression.operand))}`,
        level: Level.unary,
        machine: null,
        plain: false,
      };
    case 'conditional':
      return alternatives(scope, expression);
    case 'cast':
      return cast(expression, render(scope, expression.operand));
    case 'builtin':
      return value(`builtin_${expression.name}(${list(scope, expression.operands)})`, expression);
    case 'call':
      return value(`${callee(scope, expression.callee)}(${operands(scope, expression)})`, expression);
    default:
      return renderMemory(scope, expression);
  }
}

type MemoryExpression = ExpressionOf<
  | 'field'
  | 'element'
  | 'bits'
  | 'bytesLength'
  | 'bytesStart'
  | 'bytesRead'
  | 'bytesPart'
  | 'stringLength'
  | 'charCode'
  | 'listGet'
  | 'instance'
  | 'local'
  | 'physical'
  | 'window'
  | 'addressOf'
>;

function renderMemory(scope: Scope, expression: MemoryExpression): Rendered {
  const at = (part: Expression): string => within(Level.primary, render(scope, part));
  switch (expression.kind) {
    case 'field':
    case 'element':
    case 'instance':
      if (expression.type.kind === 'reference')
        return { text: `&${place(scope, expression)}`, level: Level.unary, machine: null, plain: false };
      return expression.type.kind === 'boolean'
        ? loadedBoolean(place(scope, expression))
        : value(place(scope, expression), expression);
    case 'bits':
      return bitRange(scope, expression);
    case 'bytesLength':
    case 'stringLength':
      return value(`${at(expression.base)}.length`, expression);
    case 'bytesStart':
      return value(`${at(expression.base)}.start`, expression);
    case 'bytesRead':
      return value(
        `bytes_read${expression.bytes * 8}(${list(scope, [expression.base, expression.offset])})`,
        expression,
      );
    case 'bytesPart':
      return value(`bytes_part(${list(scope, [expression.base, expression.offset, expression.length])})`, expression);
    case 'charCode':
      return castTo('uint8_t', 'int32_t', primary(`${at(expression.base)}.text[${textOf(scope, expression.index)}]`));
    case 'listGet':
      return value(`${globalName(expression.list)}[${textOf(scope, expression.index)}]`, expression);
    case 'local':
      throw new Error('a local is rendered with the const that it initializes');
    case 'physical':
      return castTo(`${layoutType(expression.layout)} *`, null, memoryAt(scope, expression.address));
    case 'window':
      return value(`bytes_window(${list(scope, [expression.start, expression.length])})`, expression);
    case 'addressOf':
      return value(`platform_addressOf(${textOf(scope, expression.base)})`, expression);
  }
}

/** A boolean in memory is a byte that anything may have written; C's `bool` must not hold another than 0 and 1. */
function loadedBoolean(byte: string): Rendered {
  return equation('!==', primary(byte), primary('0'));
}

/** The memory that `expression` refers to, as an lvalue. */
export function place(scope: Scope, expression: Expression): string {
  switch (expression.kind) {
    case 'instance':
      return globalName(expression.instance);
    case 'field':
      return `${member(scope, expression.base)}${fieldName(expression.field)}`;
    case 'element':
      return `${member(scope, expression.base)}at[${textOf(scope, expression.index)}]`;
    case 'bits':
      return `${member(scope, expression.base)}value`;
    default:
      return `(*${within(Level.unary, render(scope, expression))})`;
  }
}

/** The prefix that reaches a member of what `base` refers to: `vcpu->`, `exits_counts.`. */
function member(scope: Scope, base: Expression): string {
  const isContained = base.kind === 'instance' || base.kind === 'field' || base.kind === 'element';
  if (isContained && !scope.fixed.has(base)) return `${place(scope, base)}.`;
  if (base.kind === 'call' && base.callee.kind === 'intrinsic') return `${textOf(scope, base)}.`;
  return `${within(Level.primary, render(scope, base))}->`;
}

/** A value that is spelled as a name, an access or a call. */
function value(text: string, expression: Expression): Rendered {
  if (expression.type.kind !== 'integer') return primary(text);
  const type = cType(expression.type);
  return primary(text, promoted(type), promoted(type) !== type && type.startsWith('u'));
}

function constant(expression: ExpressionOf<'constant'>): Rendered {
  const { constant: named } = expression;
  const name = globalName(named);
  if (typeof named.value === 'string') return primary(name);
  return typeof named.value === 'boolean'
    ? primary(name)
    : { ...literal(named.value), text: name, level: Level.primary };
}

function compare(scope: Scope, expression: ExpressionOf<'compare'>): Rendered {
  const left = render(scope, expression.left);
  const right = render(scope, expression.right);
  const areIntegers = expression.left.type.kind === 'integer';
  return areIntegers ? comparison(expression, left, right) : equation(expression.operator, left, right);
}

function isNull(scope: Scope, { operand, negated }: ExpressionOf<'isNull'>): Rendered {
  const rendered = render(scope, operand);
  const pointer = operand.type.kind === 'bytes' ? primary(`${within(Level.primary, rendered)}.memory`) : rendered;
  return equation(negated ? '!==' : '===', pointer, primary('NULL'));
}

function logical(scope: Scope, { operator, left, right }: ExpressionOf<'logical'>): Rendered {
  const level = operator === '&&' ? Level.and : Level.or;
  const side = (expression: Expression): string => {
    const rendered = render(scope, expression);
    return rendered.level === level ? rendered.text : within(Level.equality, rendered);
  };
  return { text: `${side(left)} ${operator} ${side(right)}`, level, machine: null, plain: false };
}

function alternatives(scope: Scope, expression: ExpressionOf<'conditional'>): Rendered {
  const test = render(scope, expression.test);
  if (expression.type.kind === 'integer')
    return conditional(expression, test, render(scope, expression.then), render(scope, expression.otherwise));
  return choice(test, render(scope, expression.then), render(scope, expression.otherwise));
}

function callee(scope: Scope, called: Callee): string {
  switch (called.kind) {
    case 'function':
      return globalName(called.function);
    case 'intrinsic':
      return called.intrinsic.c;
    case 'table':
      return `${globalName(called.table)}[${textOf(scope, called.index)}]`;
  }
}

/** What a call is given; where the callee wants memory, its address is turned into a pointer. */
function operands(scope: Scope, { callee, operands }: ExpressionOf<'call'>): string {
  const [first, ...rest] = operands;
  const takesMemory = callee.kind === 'intrinsic' && callee.intrinsic.takesMemory === true;
  if (!takesMemory || first === undefined) return list(scope, operands);
  return [memoryAt(scope, first).text, ...rest.map((operand) => textOf(scope, operand))].join(', ');
}

/** A pointer to the memory at `address`. Where that was just asked of a reference, the reference is such a pointer. */
function memoryAt(scope: Scope, address: Expression): Rendered {
  if (address.kind === 'addressOf' && !scope.fixed.has(address)) return render(scope, address.base);
  return primary(`platform_physical(${textOf(scope, address)})`);
}

function list(scope: Scope, operands: readonly Expression[]): string {
  return operands.map((operand) => textOf(scope, operand)).join(', ');
}

function bitRange(scope: Scope, expression: ExpressionOf<'bits'>): Rendered {
  const whole = value(place(scope, expression), expression);
  const layout = expression.base.type.kind === 'reference' ? expression.base.type.layout : null;
  const range = layout?.kind === 'bits' && expression.field !== null ? layout.fields.get(expression.field) : undefined;
  if (!range) return whole;
  const [low, high] = range;
  const shifted = low === 0 ? whole.text : `(${whole.text} >> ${low})`;
  const mask = literal((1n << BigInt(high - low + 1)) - 1n, maskText(high - low + 1));
  return { text: `${shifted} & ${mask.text}`, level: Level.bitAnd, machine: whole.machine, plain: whole.plain };
}

/** How a mask of `bits` ones is spelled. */
function maskText(bits: number): string {
  return `0x${((1n << BigInt(bits)) - 1n).toString(16)}`;
}

/** A string literal of ASCII text. */
export function quoted(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\t/g, '\\t')
    .replace(/\r/g, '\\r')
    .replace(/\?{2,}/g, (run) => '\\?'.repeat(run.length));
  return `"${escaped.replace(/[\0-\x1f]/g, (control) => `\\${control.charCodeAt(0).toString(8).padStart(3, '0')}`)}"`;
}
