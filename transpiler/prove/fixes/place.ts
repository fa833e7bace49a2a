/** Where in a function an expression stands. */
import type { Expression, Function, Statement } from '../../ir/nodes.js';
import type { Type } from '../../ir/types.js';
import { expressionsOf, operandsOf, statementsBelow, visitExpressions } from '../../ir/walk.js';
import { functionsOf } from '../../program/callGraph.js';

export interface Place {
  /** The innermost statement with the expression in it. */
  readonly statement: Statement;
  /** Whether it stands in the parentheses of a `for` or `while`, where no statement can be put before it. */
  readonly isInHead: boolean;
}

/** The place of `node`; null in the function's own `requires`. */
export function placeOf(subject: Function, node: Expression): Place | null {
  return placeIn(subject.body, node, false);
}

function placeIn(statements: readonly Statement[], node: Expression, isInHead: boolean): Place | null {
  for (const statement of statements) {
    const isLoop = statement.kind === 'loop';
    if (expressionsOf(statement).some((one) => contains(one, node))) return { statement, isInHead: isInHead || isLoop };
    const found = isLoop
      ? (placeIn([...statement.before, ...statement.update], node, true) ?? placeIn(statement.body, node, false))
      : placeIn(statementsBelow(statement), node, false);
    if (found !== null) return found;
  }
  return null;
}

function contains(expression: Expression, node: Expression): boolean {
  return expression === node || operandsOf(expression).some((operand) => contains(operand, node));
}

/** The `target += value`, or the like, that computes `node` for its target. */
export function compoundOf({ statement }: Place, node: Expression): Extract<Statement, { kind: 'assign' }> | null {
  if (statement.kind !== 'assign' || statement.value !== node) return null;
  const [whole, value] = [statement.at, node.at];
  return whole.line === value.line && whole.column === value.column ? statement : null;
}

/** The type of the place where `node` is kept, passed or returned as it is; null if it is part of another expression. */
export function placedIn(subject: Function, node: Expression): Type | null {
  const place = placeOf(subject, node);
  return place === null ? null : (wantedBy(subject, place.statement, node) ?? wantedIn(subject, place.statement, node));
}

function wantedBy(subject: Function, statement: Statement, node: Expression): Type | null {
  switch (statement.kind) {
    case 'declare':
      return statement.value === node ? statement.variable.type : null;
    case 'assign':
      return statement.value === node ? statement.target.type : null;
    case 'return':
      return statement.value === node ? subject.result : null;
    default:
      return null;
  }
}

/** The type that a call around `node` takes, or that is wanted of a conditional of which it is an alternative. */
function wantedIn(subject: Function, statement: Statement, node: Expression): Type | null {
  let wanted: Type | null = null;
  for (const whole of expressionsOf(statement)) {
    visitExpressions(whole, (expression) => {
      if (expression.kind === 'conditional' && (expression.then === node || expression.otherwise === node)) {
        wanted = placedIn(subject, expression);
      }
      if (expression.kind !== 'call') return;
      const { callee, operands } = expression;
      const position = operands.indexOf(node);
      if (position < 0) return;
      const taken = callee.kind === 'intrinsic' ? callee.intrinsic : functionsOf(callee)[0];
      wanted = taken?.parameters[position]?.type ?? null;
    });
  }
  return wanted;
}
