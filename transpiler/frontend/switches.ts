/** `switch`: cases of constants, none of which falls through. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { integerName, rangeOfName } from '../ir/integers.js';
import type { Expression, Statement } from '../ir/nodes.js';
import { evaluate } from './constants.js';
import { type Body, locate, refuse } from './context.js';
import { checkComparable } from './operators.js';

interface Case {
  readonly values: Expression[];
  readonly isDefault: boolean;
  readonly body: readonly Statement[];
}

/** The statement of a TypeScript `switch`. */
export function switchOf(body: Body, node: ts.SwitchStatement): Statement {
  const subject = body.lower.expression(node.expression);
  if (subject.type.kind !== 'integer')
    return refuse(
      body,
      node.expression,
      SUBSET.switchForm,
      `a switch is over an integer, which ${subject.text} is not`,
    );
  if (subject.type.name === null && subject.type.members === null)
    return refuse(
      body,
      node.expression,
      SUBSET.switchForm,
      `${subject.text} has no one integer type`,
      'keep it in a const with a type first',
    );
  const { clauses } = node.caseBlock;
  const cases: Case[] = [];
  const seen = new Set<bigint>();
  let values: Expression[] = [];
  let isDefault = false;
  clauses.forEach((clause, index) => {
    if (ts.isCaseClause(clause)) values.push(caseValue(body, clause.expression, subject, seen));
    else isDefault = true;
    const isLast = index === clauses.length - 1;
    if (clause.statements.length === 0 && !isLast) return;
    cases.push({ values, isDefault, body: caseBody(body, clause, isLast) });
    values = [];
    isDefault = false;
  });
  return {
    kind: 'switch',
    at: locate(body, node),
    subject,
    cases: cases.filter((one) => !one.isDefault),
    otherwise: cases.find((one) => one.isDefault)?.body ?? null,
  };
}

function caseValue(body: Body, node: ts.Expression, subject: Expression, seen: Set<bigint>): Expression {
  const value = body.lower.expression(node);
  const known = evaluate(body, node, value);
  if (typeof known !== 'bigint' || value.type.kind !== 'integer' || subject.type.kind !== 'integer')
    return refuse(body, node, SUBSET.switchForm, `${value.text} is not an integer constant`);
  const { low, high } = rangeOfName(integerName(subject.type));
  if (known < low || known > high)
    refuse(body, node, SUBSET.switchForm, `${value.text} is no value that ${subject.text} can have`);
  if (seen.has(known)) refuse(body, node, SUBSET.switchForm, `${value.text} stands in two cases`);
  seen.add(known);
  checkComparable(body, node, subject.type, value.type);
  return value;
}

function caseBody(body: Body, clause: ts.CaseOrDefaultClause, isLast: boolean): Statement[] {
  const block = clause.statements.length === 1 ? clause.statements[0] : undefined;
  const all = block && ts.isBlock(block) ? [...block.statements] : [...clause.statements];
  const last = all.at(-1);
  const endsInBreak = last !== undefined && ts.isBreakStatement(last) && !last.label;
  if (!endsInBreak && !isLast && !leaves(body, all))
    refuse(body, clause, SUBSET.switchForm, 'this case falls through to the next', 'end it with break or return');
  refuseSharedNames(body, clause);
  return body.lower.statements({ ...body, breaks: 'switch' }, endsInBreak ? all.slice(0, -1) : all);
}

/** Cases share one scope in JavaScript: a name that one declares is there, without a value, in the others. In C each has its own. */
function refuseSharedNames(body: Body, clause: ts.CaseOrDefaultClause): void {
  const declared = new Set(
    clause.statements
      .filter((statement) => ts.isVariableStatement(statement))
      .flatMap(({ declarationList }) => declarationList.declarations)
      .flatMap(({ name }) => body.checker.getSymbolAtLocation(name) ?? []),
  );
  if (declared.size === 0) return;
  const visit = (node: ts.Node): void => {
    const symbol = ts.isIdentifier(node) ? body.checker.getSymbolAtLocation(node) : undefined;
    if (symbol && declared.has(symbol))
      refuse(body, node, SUBSET.switchForm, `${symbol.name} is declared in another case`, 'put each case in braces');
    ts.forEachChild(node, visit);
  };
  for (const other of clause.parent.clauses) if (other !== clause) visit(other);
}

/** Whether control never reaches the end of `statements`. */
function leaves(body: Body, statements: readonly ts.Statement[]): boolean {
  const last = statements.at(-1);
  if (!last) return false;
  if (ts.isReturnStatement(last) || ts.isContinueStatement(last)) return true;
  if (ts.isBlock(last)) return leaves(body, [...last.statements]);
  if (ts.isIfStatement(last))
    return !!last.elseStatement && leaves(body, [last.thenStatement]) && leaves(body, [last.elseStatement]);
  return (
    ts.isExpressionStatement(last) && (body.checker.getTypeAtLocation(last.expression).flags & ts.TypeFlags.Never) !== 0
  );
}
