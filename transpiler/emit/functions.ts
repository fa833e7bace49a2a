/** Functions in C. */
import type { Function, Variable } from '../ir/nodes.js';
import { expressionsOf, visitExpressions, visitStatements } from '../ir/walk.js';
import { globalName, localName } from '../ir/cNames.js';
import { type Checks, newScope } from './scope.js';
import { emitStatements, indented, lineDirective, type Lines } from './statements.js';
import { cType } from './types.js';

/** The prototype; an entry point is known to the linker by its symbol. */
export function emitPrototype(fn: Function, isEntry: boolean): string {
  const label = fn.entry === null ? '' : ` __asm__("${fn.entry}")`;
  return `${signature(fn, isEntry, new Set())}${label};`;
}

export function emitFunction(fn: Function, isEntry: boolean, checks: Checks): Lines {
  const unused = unusedVariables(fn);
  const emission = { ...newScope(checks), unused };
  return [
    lineDirective(fn.at),
    `${signature(fn, isEntry, unused)} {`,
    ...indented(checks.first(emission, fn)),
    ...indented(emitStatements(emission, fn.body)),
    ...indented(endsInSwitch(fn) || endsInTable(fn) ? ['__builtin_unreachable();'] : []),
    '}',
  ];
}

function signature(fn: Function, isEntry: boolean, unused: ReadonlySet<Variable>): string {
  const parameters = fn.parameters.map((parameter) => {
    const type = cType(parameter.type);
    const name = `${type}${type.endsWith('*') ? '' : ' '}${localName(parameter)}`;
    return unused.has(parameter) ? `UNUSED ${name}` : name;
  });
  const linkage = isEntry ? '' : 'static ';
  const returns = fn.result.kind === 'never' ? '_Noreturn ' : '';
  const type = cType(fn.result);
  const gap = type.endsWith('*') ? '' : ' ';
  return `${linkage}${returns}${type}${gap}${globalName(fn)}(${parameters.join(', ') || 'void'})`;
}

function unusedVariables(fn: Function): ReadonlySet<Variable> {
  const declared = new Set<Variable>(fn.parameters);
  visitStatements(fn.body, (statement) => {
    if (statement.kind === 'declare') declared.add(statement.variable);
  });
  visitRead(fn, (variable) => declared.delete(variable));
  return declared;
}

/** Calls `visit` for each variable that the emitted body reads. */
function visitRead(fn: Function, visit: (variable: Variable) => void): void {
  visitStatements(fn.body, (statement) => {
    if (statement.kind === 'contract') return;
    for (const expression of expressionsOf(statement)) {
      const isWritten = statement.kind === 'assign' && expression === statement.target;
      if (isWritten && expression.kind === 'variable') continue;
      visitExpressions(expression, (below) => {
        if (below.kind === 'variable') visit(below.variable);
      });
    }
  });
}

/** Whether gcc would think that control reaches the end, although all cases of an enum return, as TypeScript knows. */
function endsInSwitch(fn: Function): boolean {
  const last = fn.body.at(-1);
  return last?.kind === 'switch' && last.otherwise === null && fn.result.kind !== 'void';
}

/** Whether the body ends in the call of a table whose functions never return, which their pointers do not tell gcc. */
function endsInTable(fn: Function): boolean {
  if (fn.result.kind === 'void' || fn.result.kind === 'never') return false;
  let ends = false;
  visitStatements(fn.body, (statement) => {
    const call = statement.kind === 'expression' ? statement.expression : null;
    ends ||= call?.kind === 'call' && call.callee.kind === 'table' && call.type.kind === 'never';
  });
  return ends;
}
