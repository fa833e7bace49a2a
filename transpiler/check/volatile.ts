/** Volatile memory: one access is one load or one store, and its parts are reached through it. */
import type { Report } from '../diagnostics/diagnostic.js';
import { SUBSET } from '../diagnostics/subset.js';
import type { Expression, Function } from '../ir/nodes.js';
import { reachesVolatile } from '../ir/volatile.js';
import { expressionsOf, operandsOf, visitExpressions, visitStatements } from '../ir/walk.js';

export function checkVolatile(fn: Function, report: Report): void {
  visitStatements(fn.body, (statement) => {
    if (statement.kind === 'assign' && statement.target.kind === 'bits' && statement.target.field !== null)
      checkBitWrite(statement.target, report);
    for (const expression of expressionsOf(statement)) {
      if (isHiddenPart(expression)) refusePart(expression, report);
      visitExpressions(expression, (below) => {
        if (isAccess(below)) return;
        for (const operand of operandsOf(below)) if (isHiddenPart(operand)) refusePart(operand, report);
      });
    }
  });
}

function checkBitWrite(target: Extract<Expression, { kind: 'bits' }>, report: Report): void {
  if (!reachesVolatile(target)) return;
  report({
    code: SUBSET.volatileAccess.code,
    at: target.at,
    message: `${target.text} is volatile: a write of some bits reads the others first`,
    known: [],
    fixes: [`write all of it: ${target.base.text}.value = ...`],
  });
}

function isAccess({ kind }: Expression): boolean {
  return kind === 'field' || kind === 'element' || kind === 'bits';
}

/** Whether `expression` is a reference that points into volatile memory without its type saying so. */
function isHiddenPart(expression: Expression): boolean {
  const { type } = expression;
  if (type.kind !== 'reference' || !isAccess(expression)) return false;
  const saysSo = type.layout.kind === 'struct' && type.layout.volatile;
  return !saysSo && reachesVolatile(expression);
}

function refusePart({ at, text }: Expression, report: Report): void {
  report({
    code: SUBSET.volatileReference.code,
    at,
    message: `${text} is part of volatile memory, which a reference to it alone would forget`,
    known: [],
    fixes: [`reach its contents as ${text}.get(...) each time`, 'make the part a volatile struct of its own'],
  });
}
