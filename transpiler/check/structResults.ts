/** The struct that an intrinsic returns is kept in a const, or a field of it is read at once. */
import type { Report } from '../diagnostics/diagnostic.js';
import { SUBSET } from '../diagnostics/subset.js';
import type { Expression, Function } from '../ir/nodes.js';
import { expressionsOf, operandsOf, visitExpressions, visitStatements } from '../ir/walk.js';

export function checkStructResults(fn: Function, report: Report): void {
  const allowed = new Set<Expression>();
  visitStatements(fn.body, (statement) => {
    if (statement.kind === 'declare' && statement.variable.role === 'const' && statement.value)
      allowed.add(statement.value);
    if (statement.kind === 'expression') allowed.add(statement.expression);
    for (const expression of expressionsOf(statement)) {
      visitExpressions(expression, (below) => {
        if (below.kind === 'field') for (const base of operandsOf(below)) allowed.add(base);
        if (isStructResult(below) && !allowed.has(below)) refuse(below, report);
      });
    }
  });
}

/** Whether `expression` is a struct by value: in C it has no address. */
export function isStructResult(expression: Expression): boolean {
  return expression.kind === 'call' && expression.callee.kind === 'intrinsic' && expression.type.kind === 'reference';
}

function refuse({ at, text }: Expression, report: Report): void {
  const message = `${text} is a struct by value, which nothing keeps`;
  report({ code: SUBSET.structResult.code, at, message, known: [], fixes: [`write const seen = ${text};`] });
}
