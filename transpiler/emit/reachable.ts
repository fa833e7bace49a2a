/** What of a program its entries can reach: only that is emitted. */
import type { ConstantList, Expression, Function, FunctionTable, Instance, Program } from '../ir/nodes.js';
import { expressionsOf, visitExpressions, visitStatements } from '../ir/walk.js';
import { type Checks, NO_CHECKS } from './scope.js';

export interface Reachable {
  readonly functions: ReadonlySet<Function>;
  readonly tables: ReadonlySet<FunctionTable>;
  readonly lists: ReadonlySet<ConstantList>;
  readonly instances: ReadonlySet<Instance>;
}

export function reachable(program: Program, checks: Checks = NO_CHECKS): Reachable {
  const functions = new Set<Function>();
  const tables = new Set<FunctionTable>();
  const lists = new Set<ConstantList>();
  const instances = new Set<Instance>();
  const waiting = [...program.entries];
  const visit = (expression: Expression): void => {
    if (expression.kind === 'instance') instances.add(expression.instance);
    if (expression.kind === 'listGet') lists.add(expression.list);
    if (expression.kind !== 'call') return;
    const { callee } = expression;
    if (callee.kind === 'function') waiting.push(callee.function);
    if (callee.kind === 'table' && !tables.has(callee.table)) {
      tables.add(callee.table);
      waiting.push(...functionsIn(callee.table));
    }
  };
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (functions.has(next)) continue;
    functions.add(next);
    for (const contract of checks.contractsOf(next)) visitExpressions(contract, visit);
    visitStatements(next.body, (statement) => {
      // Unless they are checked, contracts vanish, and with them what only they call.
      if (statement.kind === 'contract') return;
      for (const expression of expressionsOf(statement)) visitExpressions(expression, visit);
    });
  }
  return { functions, tables, lists, instances };
}

/** The functions that a table holds: the fallback only where there is a gap. */
function functionsIn({ fallback, length, entries }: FunctionTable): readonly Function[] {
  return entries.size < length ? [fallback, ...entries.values()] : [...entries.values()];
}
