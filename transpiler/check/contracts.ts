/**
 * Contracts run in Node and vanish from the C, so they do nothing but look: they call only functions that write nothing,
 * call no intrinsic, and read no memory that a read may change.
 */
import type { Report } from '../diagnostics/diagnostic.js';
import { SUBSET } from '../diagnostics/subset.js';
import type { Expression, Function, Program, Statement } from '../ir/nodes.js';
import { reachesVolatile } from '../ir/volatile.js';
import { expressionsOf, visitExpressions, visitStatements } from '../ir/walk.js';
import { calleesFirst, functionsOf } from '../program/callGraph.js';

/** What a function does beyond looking, in words; absent where it only looks. */
type Deeds = ReadonlyMap<Function, string>;

export function checkContracts(program: Program, report: Report): void {
  const deeds = deedsOf(program);
  for (const subject of program.modules.flatMap(({ functions }) => functions)) {
    for (const condition of contractsOf(subject)) {
      const deed = deedIn(condition, deeds);
      if (deed === null) continue;
      report({
        code: SUBSET.contractEffect.code,
        at: condition.at,
        message: `the contract ${condition.text} ${deed}, in Node only`,
        known: [],
        fixes: ['keep the result in a const before, and state the contract of that'],
      });
    }
  }
}

function contractsOf(subject: Function): readonly Expression[] {
  const found = [...subject.requires];
  visitStatements(subject.body, (statement) => {
    if (statement.kind === 'contract') found.push(statement.condition);
  });
  return found;
}

function deedsOf(program: Program): Deeds {
  const deeds = new Map<Function, string>();
  for (const subject of calleesFirst(program)) {
    let deed: string | null = null;
    visitStatements(subject.body, (statement) => {
      deed ??= deedOfStatement(statement, deeds);
    });
    if (deed !== null) deeds.set(subject, deed);
  }
  return deeds;
}

function deedOfStatement(statement: Statement, deeds: Deeds): string | null {
  if (statement.kind === 'contract') return null;
  if (statement.kind === 'bytesWrite') return 'writes memory';
  if (statement.kind === 'assign' && statement.target.kind !== 'variable') return 'writes memory';
  return expressionsOf(statement).reduce<string | null>(
    (found, expression) => found ?? deedIn(expression, deeds),
    null,
  );
}

function deedIn(expression: Expression, deeds: Deeds): string | null {
  let deed: string | null = null;
  visitExpressions(expression, (below) => {
    deed ??= ownDeed(below, deeds);
  });
  return deed;
}

function ownDeed(expression: Expression, deeds: Deeds): string | null {
  if (expression.kind === 'bytesRead') return 'reads a window, which may be a device';
  if (expression.type.kind !== 'reference' && isAccess(expression) && reachesVolatile(expression))
    return 'reads volatile memory';
  if (expression.kind !== 'call') return null;
  const { callee } = expression;
  if (callee.kind === 'intrinsic') return `calls ${callee.intrinsic.name}`;
  const doing = functionsOf(callee).find((one) => deeds.has(one));
  return doing === undefined ? null : `calls ${doing.name}, which ${deeds.get(doing)}`;
}

function isAccess({ kind }: Expression): boolean {
  return kind === 'field' || kind === 'element' || kind === 'bits';
}
