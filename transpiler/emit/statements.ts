/** Statements in C, each below a `#line` that names its source. */
import type { Location } from '../ir/location.js';
import type { Expression, Statement, Target, Variable } from '../ir/nodes.js';
import { operandsOf } from '../ir/walk.js';
import { declaration, fixActing, fixOperands, hoist, place, render, textOf } from './expressions.js';
import { localName, storageName } from '../ir/cNames.js';
import { castTo } from './rendered.js';
import { newScope, NO_CHECKS, type Scope } from './scope.js';
import { cType, integerCType, layoutType, storageType } from './types.js';

/** Lines of C, without their indentation's base. */
export type Lines = string[];

export interface Emission extends Scope {
  /** Variables that nothing reads, which gcc would warn of. */
  readonly unused: ReadonlySet<Variable>;
}

export function emitStatements(emission: Emission, statements: readonly Statement[]): Lines {
  return statements.flatMap((statement) => {
    const lines = emitStatement(emission, statement);
    return lines.length > 0 ? [lineDirective(statement.at), ...lines] : [];
  });
}

/** Tells debuggers, and gcc's reports, where the next line comes from. */
export function lineDirective({ line, file }: Location): string {
  return `#line ${line} "${file}"`;
}

function emitStatement(emission: Emission, statement: Statement): Lines {
  const before = emission.checks.before(emission, statement);
  return [...before, ...emitPlain(emission, statement)];
}

function emitPlain(emission: Emission, statement: Statement): Lines {
  switch (statement.kind) {
    case 'declare':
      return emitDeclaration(emission, statement.variable, statement.value);
    case 'assign':
      return emitAssignment(emission, statement.target, statement.value);
    case 'bytesWrite':
      return emitBytesWrite(emission, statement);
    case 'expression':
      return emitExpression(emission, statement.expression);
    case 'if':
      return emitIf(emission, statement);
    case 'loop':
      return emitLoop(emission, statement);
    case 'switch':
      return emitSwitch(emission, statement);
    case 'break':
      return ['break;'];
    case 'continue':
      return ['continue;'];
    case 'return':
      return statement.value
        ? [...hoist(emission, statement.value), `return ${textOf(emission, statement.value)};`]
        : ['return;'];
    case 'block':
      return ['{', ...indented(emitStatements(emission, statement.body)), '}'];
    case 'contract':
      return [];
    case 'unreachable':
      return ['__builtin_unreachable();'];
    case 'refused':
      throw new Error(`the statement at ${statement.at.file}:${statement.at.line} was refused, and has no C`);
  }
}

export function indented(lines: Lines): Lines {
  return lines.map((line) => (line.startsWith('#') ? line : `  ${line}`));
}

/** `head { body }`. */
function braced(head: string, body: Lines): Lines {
  return [`${head} {`, ...indented(body), '}'];
}

/** What a variable holds before its first assignment, which TypeScript knows to come before its use. */
const EMPTY: Readonly<Record<string, string>> = { Bytes: 'NO_BYTES', String: 'STRING("")', bool: 'false' };

function emitDeclaration(emission: Emission, variable: Variable, value: Expression | null): Lines {
  const name = localName(variable);
  const mark = emission.unused.has(variable) ? 'UNUSED ' : '';
  const isConstant = variable.role === 'const';
  if (variable.type.kind === 'reference' && value && isOwnStorage(value)) {
    const { layout } = variable.type;
    const initial = value.kind === 'local' ? '{0}' : textOf(emission, value);
    return [
      `${storageType(layout)} ${storageName(variable)} = ${initial};`,
      `${mark}${declaration(`${layoutType(layout)} *`, name, isConstant)} = &${storageName(variable)};`,
    ];
  }
  const type = cType(variable.type);
  const before = value ? hoist(emission, value) : [];
  const initial = value ? textOf(emission, value) : (EMPTY[type] ?? '0');
  return [...before, `${mark}${declaration(type, name, isConstant)} = ${initial};`];
}

/** Whether `value` is memory that comes by value: a local, or the struct that an intrinsic returns. */
function isOwnStorage(value: Expression): boolean {
  return value.kind === 'local' || (value.kind === 'call' && value.callee.kind === 'intrinsic');
}

/** A call, or a value that nothing uses. */
function emitExpression(emission: Emission, expression: Expression): Lines {
  const before = hoist(emission, expression);
  const text = textOf(emission, expression);
  return [...before, expression.kind === 'call' ? `${text};` : `(void)(${text});`];
}

function emitAssignment(emission: Emission, target: Target, value: Expression): Lines {
  if (target.kind === 'bits' && target.field !== null) return emitBitAssignment(emission, target, target.field, value);
  const before = fixOperands(emission, [...partsOf(target), value]);
  if (before.length > 0) return [...before, ...emitAssignment(emission, target, value)];
  const left = target.kind === 'variable' ? localName(target.variable) : place(emission, target);
  return [...hoist(emission, value), `${left} = ${textOf(emission, value)};`];
}

/** What leads to `target`, in the order of evaluation: the memory that it starts from, and what selects elements on the way. */
function partsOf(target: Expression): Expression[] {
  const isAccess = (one: Expression): boolean => one.kind === 'field' || one.kind === 'element' || one.kind === 'bits';
  return operandsOf(target).flatMap((operand) =>
    isAccess(operand) && operand.type.kind === 'reference' ? partsOf(operand) : operand,
  );
}

function emitBitAssignment(
  emission: Emission,
  target: Extract<Target, { kind: 'bits' }>,
  field: string,
  value: Expression,
): Lines {
  const layout = target.base.type.kind === 'reference' ? target.base.type.layout : null;
  const range = layout?.kind === 'bits' ? layout.fields.get(field) : undefined;
  if (layout?.kind !== 'bits' || !range) throw new Error(`${field} is no bit range`);
  const [low, high] = range;
  const type = integerCType(layout.base.name === 'boolean' ? 'u8' : layout.base.name);
  const before = [...fixActing(emission, partsOf(target)), ...fixOperands(emission, [...partsOf(target), value])];
  const after = fixOperands(emission, [value, target]);
  const whole = place(emission, target);
  const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
  const kept = `${whole} & ~0x${mask.toString(16)}${layout.bytes === 8 ? 'ull' : 'u'}`;
  const added = castTo(type, null, render(emission, value)).text;
  return [...before, ...after, `${whole} = (${kept}) | (${low === 0 ? added : `${added} << ${low}`});`];
}

function emitBytesWrite(emission: Emission, statement: Extract<Statement, { kind: 'bytesWrite' }>): Lines {
  const { base, offset, value, bytes } = statement;
  const order = [base, offset, value];
  const declarations = fixOperands(emission, order);
  const operands = order.map((operand) => textOf(emission, operand)).join(', ');
  return [...declarations, `bytes_write${bytes * 8}(${operands});`];
}

function emitIf(emission: Emission, statement: Extract<Statement, { kind: 'if' }>): Lines {
  const before = hoist(emission, statement.test);
  const head = `if (${textOf(emission, statement.test)})`;
  const then = braced(head, emitStatements(emission, statement.then));
  if (statement.otherwise.length === 0) return [...before, ...then];
  const otherwise = braced('} else', emitStatements(emission, statement.otherwise));
  return [...before, ...then.slice(0, -1), ...otherwise];
}

function emitLoop(emission: Emission, statement: Extract<Statement, { kind: 'loop' }>): Lines {
  const { before, test, update, body } = statement;
  const condition = test ? textOf(emission, test) : '';
  const lines = emitStatements(emission, body);
  if (before.length === 0 && update.length === 0) return braced(test ? `while (${condition})` : 'for (;;)', lines);
  const first = before.flatMap((statement) => emitStatement(emission, statement));
  const step = update.flatMap((statement) => emitStatement(emission, statement));
  const initial = first.length === 1 ? clause(first) : '';
  const loop = braced(
    `for (${initial};${condition && ` ${condition}`};${step.length > 0 ? ` ${clause(step)}` : ''})`,
    lines,
  );
  return first.length > 1 ? ['{', ...indented([...first, ...loop]), '}'] : loop;
}

/** Statements as a clause of a for loop. */
function clause(lines: Lines): string {
  const [only] = lines;
  if (only !== undefined && lines.length === 1) return only.replace(/;$/, '');
  return `({ ${lines.join(' ')} })`;
}

function emitSwitch(emission: Emission, statement: Extract<Statement, { kind: 'switch' }>): Lines {
  const { subject, cases, otherwise } = statement;
  const before = hoist(emission, subject);
  const bodies = cases.flatMap(({ values, body }) => {
    // Labels are constants, beside which nothing can stand.
    const labels = values.map((value) => `case ${textOf(newScope(NO_CHECKS), value)}:`);
    return [...labels.slice(0, -1), ...emitCase(emission, labels.at(-1) ?? '', body)];
  });
  const rest = otherwise ? emitCase(emission, 'default:', otherwise) : [];
  return [...before, `switch (${textOf(emission, subject)}) {`, ...indented([...bodies, ...rest]), '}'];
}

function emitCase(emission: Emission, label: string, body: readonly Statement[]): Lines {
  const last = body.at(-1)?.kind ?? 'break';
  const leaves = last === 'return' || last === 'continue' || last === 'unreachable';
  return braced(label, [...emitStatements(emission, body), ...(leaves ? [] : ['break;'])]);
}
