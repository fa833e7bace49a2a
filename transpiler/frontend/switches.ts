/** `switch`: cases of constants, none of which falls through. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { integerName, rangeOfName } from '../ir/integers.js';
import type { Expression, Statement } from '../ir/nodes.js';
import { evaluate } from './constants.js';
import { all, type Body, locate, refuse } from './context.js';
import { checkComparable } from './operators.js';

/** The clauses of a switch that share one body. */
interface Group {
  readonly labels: ts.Expression[];
  readonly isDefault: boolean;
  /** The clause that has the body. */
  readonly clause: ts.CaseOrDefaultClause;
  readonly isLast: boolean;
}

/** The statement of a TypeScript `switch`. */
export function switchOf(body: Body, node: ts.SwitchStatement): Statement {
  const groups = groupsOf(node.caseBlock.clauses);
  const [subject, bodies] = all(
    body,
    () => subjectOf(body, node.expression),
    () =>
      all(
        body,
        ...groups.map(
          ({ clause, isLast }) =>
            () =>
              caseBody(body, clause, isLast),
        ),
      ),
  );
  const seen = new Set<bigint>();
  const labels = groups.flatMap((group) => group.labels);
  const values = new Map(
    all(body, ...labels.map((label) => () => [label, caseValue(body, label, subject, seen)] as const)),
  );
  const cases = groups.map((group, index) => ({
    isDefault: group.isDefault,
    values: group.labels.flatMap((label) => values.get(label) ?? []),
    body: bodies[index] ?? [],
  }));
  return {
    kind: 'switch',
    at: locate(body, node),
    subject,
    cases: cases.filter(({ isDefault }) => !isDefault),
    otherwise: cases.find(({ isDefault }) => isDefault)?.body ?? null,
  };
}

function groupsOf(clauses: readonly ts.CaseOrDefaultClause[]): readonly Group[] {
  const groups: Group[] = [];
  let labels: ts.Expression[] = [];
  let isDefault = false;
  clauses.forEach((clause, index) => {
    if (ts.isCaseClause(clause)) labels.push(clause.expression);
    else isDefault = true;
    const isLast = index === clauses.length - 1;
    if (clause.statements.length === 0 && !isLast) return;
    groups.push({ labels, isDefault, clause, isLast });
    labels = [];
    isDefault = false;
  });
  return groups;
}

function subjectOf(body: Body, node: ts.Expression): Expression {
  const subject = body.lower.expression(node);
  if (subject.type.kind !== 'integer')
    refuse(body, node, SUBSET.switchForm, `a switch is over an integer, which ${subject.text} is not`);
  if (subject.type.name === null && subject.type.members === null)
    refuse(
      body,
      node,
      SUBSET.switchForm,
      `${subject.text} has no one integer type`,
      'keep it in a const with a type first',
    );
  return subject;
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
  const statements = block && ts.isBlock(block) ? [...block.statements] : [...clause.statements];
  const last = statements.at(-1);
  const endsInBreak = last !== undefined && ts.isBreakStatement(last) && !last.label;
  const lowered = body.lower.statements(
    { ...body, breaks: 'switch' },
    endsInBreak ? statements.slice(0, -1) : statements,
  );
  if (!endsInBreak && !isLast && !leaves(body, statements))
    refuse(body, clause, SUBSET.switchForm, 'this case falls through to the next', 'end it with break or return');
  refuseSharedNames(body, clause);
  return lowered;
}

/** Refuses a case that uses a name of another case. In JavaScript all cases share one scope; in C each has its own. */
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
