/**
 * The rows of the table of coverage. They follow the types of the IR: a new kind of node, operator or type does not
 * compile until it has rows here.
 */
import { integerName, rangeOfName } from '../../../transpiler/ir/integers.js';
import type {
  BinaryOperator,
  BuiltinName,
  Callee,
  CompareOperator,
  Expression,
  ExpressionOf,
  Statement,
  Target,
} from '../../../transpiler/ir/nodes.js';
import type { IntegerName, Layout, Type } from '../../../transpiler/ir/types.js';

/** The rows that nodes of one kind can have, and those that one node has. */
interface Rows<N> {
  readonly all: readonly string[];
  of(node: N): readonly string[];
}

type StatementOf<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;
type LayoutOf<K extends Layout['kind']> = Extract<Layout, { readonly kind: K }>;

/** The keys of a record, which TypeScript checks to be complete. */
function keys<K extends string>(all: Readonly<Record<K, true>>): readonly K[] {
  return Object.keys(all) as K[];
}

/** Each choice of one word from each list. */
function words(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.reduce((all, list) => all.flatMap((first) => list.map((next) => `${first} ${next}`)));
}

const JAVASCRIPT = keys<'number' | 'bigint'>({ number: true, bigint: true });
const WRAPS = ['exact', 'modular'];
const WIDTHS = ['1', '2', '4', '8'];
const INTEGERS = keys<IntegerName>({
  ...{ u8: true, u16: true, u32: true, u64: true, i8: true, i16: true, i32: true, i64: true },
  ...{ gpa: true, hpa: true, gva: true, hva: true },
});
const ADDRESSES = ['gpa', 'hpa', 'gva', 'hva'];
const PLAIN = INTEGERS.filter((name) => !ADDRESSES.includes(name));
const SCALARS = [...INTEGERS, 'boolean'];
const BINARY = keys<BinaryOperator>({
  ...{ '+': true, '-': true, '*': true, '/': true, '%': true, '&': true, '|': true, '^': true },
  ...{ '<<': true, '>>': true, '>>>': true },
});
const COMPARE = keys<CompareOperator>({ '<': true, '<=': true, '>': true, '>=': true, '===': true, '!==': true });
const BUILTINS = keys<BuiltinName>({
  ...{ mul32: true, addSat32: true, addSat64: true, subSat64: true, min32: true, min64: true },
});
const CALLEES = keys<Callee['kind']>({ function: true, intrinsic: true, table: true });
const TARGETS = keys<Target['kind']>({ variable: true, field: true, element: true, bits: true });
const VALUES = [...SCALARS, 'string', 'enum', 'reference', 'nullable reference', 'bytes', 'nullable bytes'];

/** Operators that do not exist for a kind of integer: `>>>` of bigints, exact `/` of numbers. */
const NO_FORM = new Set([
  ...words(['binary'], ['/', '%', '>>', '>>>'], JAVASCRIPT, ['modular']),
  'binary >>> bigint exact',
]);

/** The name of a type in a row. */
export function typeRow(type: Type): string {
  if (type.kind === 'integer') return type.members === null ? integerName(type) : 'enum';
  return 'nullable' in type && type.nullable ? `nullable ${type.kind}` : type.kind;
}

function one<N>(row: string): Rows<N> {
  return { all: [row], of: () => [row] };
}

function javascriptOf({ type }: Expression): string {
  return type.kind === 'integer' ? type.javascript : type.kind;
}

function wrapping({ wraps }: { readonly wraps: boolean }): string {
  return wraps ? 'modular' : 'exact';
}

/** Whether the type of `expression` has values below 0. */
function mayBeNegative({ type }: Expression): boolean {
  return type.kind === 'integer' && rangeOfName(integerName(type)).low < 0n;
}

const EXPRESSIONS: { readonly [K in Expression['kind']]: Rows<ExpressionOf<K>> } = {
  integer: {
    all: words(['literal'], JAVASCRIPT, ['positive', 'negative']),
    of: (node) => [`literal ${javascriptOf(node)} ${node.value < 0n ? 'negative' : 'positive'}`],
  },
  boolean: one('literal boolean'),
  string: one('literal string'),
  null: one('null'),
  constant: {
    all: words(['use of a constant of type'], [...PLAIN, 'boolean', 'string', 'enum']),
    of: ({ type }) => [`use of a constant of type ${typeRow(type)}`],
  },
  variable: { all: words(['variable'], VALUES), of: ({ type }) => [`variable ${typeRow(type)}`] },
  unary: {
    all: [...words(['unary'], ['-', '~'], JAVASCRIPT, WRAPS), ...words(['unsigned'], ['-', '~'], JAVASCRIPT)],
    of: (node) => [
      `unary ${node.operator} ${javascriptOf(node)} ${wrapping(node)}`,
      ...(mayBeNegative(node.operand) ? [] : [`unsigned ${node.operator} ${javascriptOf(node)}`]),
    ],
  },
  binary: {
    all: [
      ...words(['binary'], BINARY, JAVASCRIPT, WRAPS).filter((row) => !NO_FORM.has(row)),
      ...words(['signed'], ['/', '%', '>>'], JAVASCRIPT),
      ...words(['divisor that may be negative'], JAVASCRIPT),
      'difference of addresses',
      'sum of an address and an integer',
    ],
    of: binaryRows,
  },
  compare: {
    all: [...words(['compare'], COMPARE, JAVASCRIPT), ...words(['compare'], ['===', '!=='], ['boolean'])],
    of: ({ operator, left }) => [`compare ${operator} ${javascriptOf(left)}`],
  },
  isNull: {
    all: words(['null test of'], ['reference', 'bytes'], ['===', '!==']),
    of: ({ operand, negated }) => [`null test of ${operand.type.kind} ${negated ? '!==' : '==='}`],
  },
  logical: { all: words(['logical'], ['&&', '||']), of: ({ operator }) => [`logical ${operator}`] },
  not: one('not'),
  conditional: {
    all: [
      ...words(['conditional'], JAVASCRIPT, WRAPS),
      ...words(['conditional'], ['boolean', 'reference', 'bytes', 'string'], ['exact']),
    ],
    of: (node) => [`conditional ${javascriptOf(node)} ${wrapping(node)}`],
  },
  cast: {
    all: [
      ...words(['cast to'], ['u8', 'u16', 'u32', 'u64', 'i32', 'i64'], ['of number']),
      ...words(['cast to'], ['u8', 'u16', 'u32', 'u64', 'i32', 'i64', ...ADDRESSES], ['of bigint']),
      'cast to u32 of boolean',
    ],
    of: ({ to, operand }) => [`cast to ${to} of ${javascriptOf(operand)}`],
  },
  builtin: { all: words(['builtin'], BUILTINS), of: ({ name }) => [`builtin ${name}`] },
  call: {
    all: [...words(['call of'], CALLEES), 'call that gives a struct'],
    of: ({ callee, type }) => [
      `call of ${callee.kind}`,
      ...(callee.kind === 'intrinsic' && type.kind === 'reference' ? ['call that gives a struct'] : []),
    ],
  },
  field: {
    all: [...words(['field'], [...SCALARS, 'reference']), 'field of a volatile struct', 'field of a field'],
    of: ({ type, struct, base }) => [
      `field ${typeRow(type)}`,
      ...(struct.volatile ? ['field of a volatile struct'] : []),
      ...(base.kind === 'field' ? ['field of a field'] : []),
    ],
  },
  element: {
    all: [...words(['element'], [...SCALARS, 'reference']), 'element of an element'],
    of: ({ type, base }) => [`element ${typeRow(type)}`, ...(base.kind === 'element' ? ['element of an element'] : [])],
  },
  bits: {
    all: words(['bits'], ['u8', 'u16', 'u32', 'u64'], ['field', 'whole']),
    of: ({ base, field }) => [`bits ${bitsBase(base.type)} ${field === null ? 'whole' : 'field'}`],
  },
  bytesLength: one('length of bytes'),
  bytesStart: one('start of bytes'),
  bytesRead: { all: words(['read of'], WIDTHS), of: ({ bytes }) => [`read of ${bytes}`] },
  bytesPart: one('part of bytes'),
  stringLength: one('length of a string'),
  charCode: one('character of a string'),
  listGet: {
    all: words(['element of a list of type'], [...PLAIN, 'string']),
    of: ({ list }) => [`element of a list of type ${typeRow(list.type)}`],
  },
  instance: one('instance'),
  local: one('local'),
  physical: one('physical'),
  window: one('window'),
  addressOf: one('address of a reference'),
};

function binaryRows(node: ExpressionOf<'binary'>): readonly string[] {
  const { operator, left, right, wraps } = node;
  const kind = javascriptOf(node);
  const divides = operator === '/' || operator === '%';
  const isAddress = ({ type }: Expression): boolean => type.kind === 'integer' && ADDRESSES.includes(integerName(type));
  return [
    `binary ${operator} ${kind} ${wrapping({ wraps })}`,
    ...((divides || operator === '>>') && mayBeNegative(left) ? [`signed ${operator} ${kind}`] : []),
    ...(divides && mayBeNegative(right) ? [`divisor that may be negative ${kind}`] : []),
    ...(operator === '-' && isAddress(left) && isAddress(right) ? ['difference of addresses'] : []),
    ...(operator === '+' && isAddress(left) !== isAddress(right) ? ['sum of an address and an integer'] : []),
  ];
}

function bitsBase(type: Type): string {
  return type.kind === 'reference' && type.layout.kind === 'bits' ? type.layout.base.name : 'nothing';
}

const STATEMENTS: { readonly [K in Statement['kind']]: Rows<StatementOf<K>> } = {
  declare: {
    all: [...words(['const of type'], VALUES), ...words(['let of type'], VALUES), 'let without a value'],
    of: ({ variable, value }) => [
      `${variable.role} of type ${typeRow(variable.type)}`,
      ...(value === null ? ['let without a value'] : []),
    ],
  },
  assign: {
    all: [...words(['assignment to'], TARGETS), ...words(['compound'], BINARY, JAVASCRIPT).filter(isCompound)],
    of: ({ target, value }) => [
      `assignment to ${target.kind}`,
      ...(value.kind === 'binary' && value.left === target
        ? [`compound ${value.operator} ${javascriptOf(value)}`]
        : []),
    ],
  },
  bytesWrite: { all: words(['write of'], WIDTHS), of: ({ bytes }) => [`write of ${bytes}`] },
  expression: one('call as a statement'),
  if: {
    all: ['if', 'if with else'],
    of: ({ otherwise }) => [otherwise.length > 0 ? 'if with else' : 'if'],
  },
  loop: {
    all: ['while', 'for', 'for without a test', 'while without end', 'for without a step', 'for without a start'],
    of: (node) => [loopRow(node)],
  },
  switch: {
    all: [
      ...words(['switch over'], [...JAVASCRIPT, 'enum']),
      ...['switch without default', 'case of several values', 'case of a negative value'],
    ],
    of: ({ subject, cases, otherwise }) => [
      `switch over ${typeRow(subject.type) === 'enum' ? 'enum' : javascriptOf(subject)}`,
      ...(otherwise === null ? ['switch without default'] : []),
      ...(cases.some(({ values }) => values.length > 1) ? ['case of several values'] : []),
      ...(cases.some(({ values }) => values.some(isNegative)) ? ['case of a negative value'] : []),
    ],
  },
  break: one('break'),
  continue: one('continue'),
  return: {
    all: ['return of a value', 'return of nothing'],
    of: ({ value }) => [value === null ? 'return of nothing' : 'return of a value'],
  },
  block: one('block'),
  contract: {
    all: words(['contract'], ['ensures', 'invariant']),
    of: ({ contract }) => [`contract ${contract}`],
  },
  unreachable: one('unreachable'),
  // Only a refused program has one.
  refused: { all: [], of: () => [] },
};

/** `/=` of numbers is a fraction, and bigints have no `>>>`. */
function isCompound(row: string): boolean {
  return row !== 'compound / number' && row !== 'compound >>> bigint';
}

function loopRow({ before, test, update }: StatementOf<'loop'>): string {
  if (before.length === 0 && update.length === 0) return test === null ? 'while without end' : 'while';
  if (test === null) return 'for without a test';
  if (update.length === 0) return 'for without a step';
  return before.length === 0 ? 'for without a start' : 'for';
}

function isNegative({ range }: Expression): boolean {
  return range !== undefined && range.low < 0n;
}

const LAYOUTS: { readonly [K in Layout['kind']]: Rows<LayoutOf<K>> } = {
  scalar: { all: words(['scalar in memory'], SCALARS), of: ({ name }) => [`scalar in memory ${name}`] },
  bits: one('bit fields'),
  array: {
    all: words(['array of a'], ['scalar', 'bits', 'array', 'struct']),
    of: ({ element }) => [`array of a ${element.kind}`],
  },
  struct: {
    all: ['struct', 'volatile struct', ...words(['struct with a'], ['scalar', 'bits', 'array', 'struct'])],
    of: ({ volatile, fields }) => [
      volatile ? 'volatile struct' : 'struct',
      ...[...fields.values()].map(({ layout }) => `struct with a ${layout.kind}`),
    ],
  },
};

/** The rows of one expression, without what is below it. */
export function expressionRows(expression: Expression): readonly string[] {
  return (EXPRESSIONS[expression.kind] as Rows<Expression>).of(expression);
}

/** The rows of one statement, without what is below it. */
export function statementRows(statement: Statement): readonly string[] {
  return (STATEMENTS[statement.kind] as Rows<Statement>).of(statement);
}

export function layoutRows(layout: Layout): readonly string[] {
  return (LAYOUTS[layout.kind] as Rows<Layout>).of(layout);
}

export const ALL_ROWS: readonly string[] = [
  ...[EXPRESSIONS, STATEMENTS, LAYOUTS].flatMap((table) => Object.values(table)).flatMap(({ all }) => all),
  ...words(['parameter of type'], VALUES),
  ...words(['result of type'], [...VALUES, 'void', 'never']),
  ...words(['constant of type'], [...PLAIN, 'boolean', 'string']),
  ...words(['list of type'], [...PLAIN, 'string']),
  ...words(['instance of a'], ['struct', 'array', 'bits']),
  ...['contract requires', 'table'],
];
