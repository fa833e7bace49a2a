/** Contracts and promises: `requires`, `effects`, `ensures`, `invariant`. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { Location } from '../ir/location.js';
import type { Expression, Statement } from '../ir/nodes.js';
import { all, attempt, type Body, type Context, locate, refuse } from './context.js';
import { callOf } from './literals.js';

export interface LeadingContracts {
  readonly requires: readonly Expression[];
  readonly promises: readonly string[];
  readonly promisesAt: Location | null;
  /** Whether one of them was refused. */
  readonly isIncomplete: boolean;
  /** How many statements these were. */
  readonly count: number;
}

/** The `requires(...)` and `effects(...)` that a function starts with. */
export function leadingContracts(body: Body, statements: readonly ts.Statement[]): LeadingContracts {
  const found: { requires: Expression[]; promises: string[]; promisesAt: Location | null } = {
    requires: [],
    promises: [],
    promisesAt: null,
  };
  let count = 0;
  let isIncomplete = false;
  for (const statement of statements) {
    const call = ts.isExpressionStatement(statement) ? callOf(body, statement.expression) : null;
    if (call?.name !== 'requires' && call?.name !== 'effects') break;
    count += 1;
    const isDone = attempt(body, () => {
      if (call.name === 'requires') {
        found.requires.push(onlyCondition(body, call.node));
      } else {
        found.promisesAt = locate(body, call.node);
        found.promises.push(...all(body, ...call.node.arguments.map((promise) => () => promiseOf(body, promise))));
      }
      return true;
    });
    isIncomplete ||= isDone === null;
  }
  return { ...found, isIncomplete, count };
}

function promiseOf(context: Context, node: ts.Expression): string {
  return ts.isStringLiteral(node)
    ? node.text
    : refuse(context, node, SUBSET.contractPlace, 'a promise is a string literal');
}

/** The statement that a contract inside a body is; null where `call` is none. */
export function contractOf(
  context: Context,
  call: { name: string; node: ts.CallExpression },
  statement: ts.ExpressionStatement,
): Statement | null {
  const at = locate(context, statement);
  switch (call.name) {
    case 'requires':
    case 'effects':
      return refuse(context, statement, SUBSET.contractPlace, `${call.name}() stands at the start of a function`);
    case 'ensures':
      if (!isBeforeReturn(statement))
        refuse(context, statement, SUBSET.contractPlace, 'ensures() stands directly before "return name;"');
      return { kind: 'contract', contract: 'ensures', condition: onlyCondition(context, call.node), at };
    case 'invariant':
      if (!isAtLoopStart(statement))
        refuse(context, statement, SUBSET.contractPlace, "invariant() stands at the start of a loop's body");
      return { kind: 'contract', contract: 'invariant', condition: onlyCondition(context, call.node), at };
    default:
      return null;
  }
}

function onlyCondition(context: Context, call: ts.CallExpression): Expression {
  const [condition] = call.arguments;
  return condition
    ? context.lower.condition(condition)
    : refuse(context, call, SUBSET.contractPlace, 'a contract needs a condition');
}

function siblingsOf(statement: ts.Statement): readonly ts.Statement[] {
  const { parent } = statement;
  return ts.isBlock(parent) || ts.isCaseOrDefaultClause(parent) ? parent.statements : [];
}

/** Whether only other `ensures` stand between `statement` and a `return name;`. */
function isBeforeReturn(statement: ts.Statement): boolean {
  const siblings = siblingsOf(statement);
  const rest = siblings.slice(siblings.indexOf(statement) + 1);
  const next = rest.find((sibling) => !isCallOf('ensures', sibling));
  return next !== undefined && ts.isReturnStatement(next) && !!next.expression && ts.isIdentifier(next.expression);
}

function isAtLoopStart(statement: ts.Statement): boolean {
  const { parent } = statement;
  const siblings = siblingsOf(statement);
  const before = siblings.slice(0, siblings.indexOf(statement));
  return (
    ts.isBlock(parent) &&
    (ts.isForStatement(parent.parent) || ts.isWhileStatement(parent.parent)) &&
    before.every((sibling) => isCallOf('invariant', sibling))
  );
}

function isCallOf(name: string, statement: ts.Statement): boolean {
  return (
    ts.isExpressionStatement(statement) &&
    ts.isCallExpression(statement.expression) &&
    ts.isIdentifier(statement.expression.expression) &&
    statement.expression.expression.text === name
  );
}
