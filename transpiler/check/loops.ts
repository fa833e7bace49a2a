/** Conditions of loops that nothing makes false: an unsigned number is never below 0. */
import type { Report } from '../diagnostics/diagnostic.js';
import { SUBSET } from '../diagnostics/subset.js';
import { integerName, rangeOfName } from '../ir/integers.js';
import type { Expression, Function } from '../ir/nodes.js';
import { visitExpressions, visitStatements } from '../ir/walk.js';

export function checkLoops(fn: Function, report: Report): void {
  visitStatements(fn.body, (statement) => {
    if (statement.kind !== 'loop' || statement.test === null) return;
    visitExpressions(statement.test, (below) => checkTest(below, report));
  });
}

function checkTest(test: Expression, report: Report): void {
  if (test.kind !== 'compare') return;
  const subject = comparedWithZero(test);
  if (subject?.type.kind !== 'integer') return;
  const name = integerName(subject.type);
  if (rangeOfName(name).low < 0n) return;
  report({
    code: SUBSET.endlessTest.code,
    at: test.at,
    message: `${test.text} is always true: ${subject.text} is ${name}, which has no values below 0`,
    known: [],
    fixes: [
      `count in ${name.startsWith('u') ? name.replace('u', 'i') : 'i64'}, which has them`,
      `end it at 0:  ${subject.text} > 0`,
    ],
  });
}

/** The expression that `compare` wants to be 0 or more, or null. */
function comparedWithZero({ operator, left, right }: Extract<Expression, { kind: 'compare' }>): Expression | null {
  if (operator === '>=' && isZero(right)) return left;
  return operator === '<=' && isZero(left) ? right : null;
}

function isZero(expression: Expression): boolean {
  return expression.kind === 'integer' && expression.value === 0n;
}
