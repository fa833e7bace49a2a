/** The `ensures` of functions: what stands before their returns. */
import { PROOF } from '../diagnostics/proof.js';
import type { Report } from '../diagnostics/diagnostic.js';
import type { Location } from '../ir/location.js';
import type { Expression, Function, Statement, Variable } from '../ir/nodes.js';
import { saysTheSame } from '../ir/same.js';
import { visitExpressions, visitStatements } from '../ir/walk.js';

/** What a function ensures of its result, in terms of `result` and of its parameters. */
export interface Ensured {
  readonly result: Variable;
  readonly conditions: readonly Expression[];
}

/** A return and the conditions directly before it. */
interface Return {
  readonly at: Location;
  readonly value: Expression | null;
  readonly conditions: readonly Expression[];
}

/** What callers may rely on; null where the function ensures nothing. Any return shows it: all are checked to say the same. */
export function ensuredBy(subject: Function): Ensured | null {
  for (const { value, conditions } of returnsIn(subject.body)) {
    if (conditions.length > 0 && value?.kind === 'variable') return { result: value.variable, conditions };
  }
  return null;
}

/** Reports returns without the `ensures` that another return has, and `ensures` that no caller can read. */
export function checkEnsures(subject: Function, report: Report): void {
  const returns = [...returnsIn(subject.body)];
  const wanted = returns.find(({ conditions }) => conditions.length > 0);
  if (wanted === undefined) return;
  for (const one of returns) {
    checkTerms(subject, one, report);
    if (ensuresTheSame(one, wanted)) continue;
    report({
      code: PROOF.ensuresMissing.code,
      at: one.at,
      message: `this return of ${subject.name} does not ensure what another one does`,
      known: [`the return in line ${wanted.at.line}:  ${textOf(wanted)}; return ${wanted.value?.text}`],
      fixes: [`ensure the same of what it returns directly before it`],
    });
  }
}

function textOf({ conditions }: Return): string {
  return conditions.map(({ text }) => `ensures(${text})`).join('; ');
}

/** Whether two returns ensure the same of what they return and of what was passed, whatever it is called. */
function ensuresTheSame(one: Return, other: Return): boolean {
  if (one.value?.kind !== 'variable' || other.value?.kind !== 'variable') return false;
  const [result, otherResult] = [one.value.variable, other.value.variable];
  const isSame = (a: Variable, b: Variable): boolean =>
    a === result ? b === otherResult : a === b && b !== otherResult;
  return (
    one.conditions.length === other.conditions.length &&
    one.conditions.every((condition, index) => {
      const opposite = other.conditions[index];
      return opposite !== undefined && saysTheSame(condition, opposite, isSame);
    })
  );
}

/** Reports what means nothing to a caller: local variables, and parameters that the function has given another value. */
function checkTerms(subject: Function, { value, conditions }: Return, report: Report): void {
  const assigned = assignedIn(subject.body);
  for (const condition of conditions) {
    visitExpressions(condition, (below) => {
      if (below.kind !== 'variable') return;
      const { variable } = below;
      const isResult = value?.kind === 'variable' && value.variable === variable;
      const isParameter = subject.parameters.includes(variable);
      if (isResult && !isParameter) return;
      if (isParameter && !assigned.has(variable)) return;
      report({
        code: PROOF.ensuresTerms.code,
        at: below.at,
        message: isParameter
          ? `${variable.name} has another value by now than the caller passed`
          : `no caller knows ${variable.name}`,
        known: [],
        fixes: isParameter
          ? [`keep what was passed: assign to a let of its own instead of ${variable.name}`]
          : ['ensure something of the parameters and of what is returned'],
      });
    });
  }
}

function assignedIn(body: readonly Statement[]): ReadonlySet<Variable> {
  const found = new Set<Variable>();
  visitStatements(body, (statement) => {
    if (statement.kind === 'assign' && statement.target.kind === 'variable') found.add(statement.target.variable);
  });
  return found;
}

function* returnsIn(body: readonly Statement[]): Iterable<Return> {
  for (const [position, statement] of body.entries()) {
    if (statement.kind === 'return') {
      yield { at: statement.at, value: statement.value, conditions: conditionsBefore(body, position) };
    }
    for (const inner of bodiesOf(statement)) yield* returnsIn(inner);
  }
}

function conditionsBefore(body: readonly Statement[], position: number): readonly Expression[] {
  const before = body[position - 1];
  if (before?.kind !== 'contract' || before.contract !== 'ensures') return [];
  return [...conditionsBefore(body, position - 1), before.condition];
}

/** The lists of statements inside a statement. */
function bodiesOf(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.kind) {
    case 'if':
      return [statement.then, statement.otherwise];
    case 'loop':
      return [statement.before, statement.body, statement.update];
    case 'switch':
      return [...statement.cases.map(({ body }) => body), statement.otherwise ?? []];
    case 'block':
      return [statement.body];
    default:
      return [];
  }
}
