/** The `ensures` of functions: what stands before their returns. */
import { PROOF } from '../diagnostics/proof.js';
import type { Report } from '../diagnostics/diagnostic.js';
import type { Location } from '../ir/location.js';
import type { Expression, Function, Statement, Variable } from '../ir/nodes.js';

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

/** What callers may rely on; null where the function ensures nothing. Any return shows it: they all say the same. */
export function ensuredBy(subject: Function): Ensured | null {
  for (const { value, conditions } of returnsIn(subject.body)) {
    if (conditions.length > 0 && value?.kind === 'variable') return { result: value.variable, conditions };
  }
  return null;
}

/** Reports returns without the `ensures` that another return has. */
export function checkEnsures(subject: Function, report: Report): void {
  const returns = [...returnsIn(subject.body)];
  const wanted = returns.find(({ conditions }) => conditions.length > 0);
  if (wanted === undefined) return;
  const text = (one: Return): string => one.conditions.map((condition) => `ensures(${condition.text})`).join('; ');
  for (const one of returns) {
    const saysTheSame = text(one) === text(wanted) && one.value?.text === wanted.value?.text;
    if (saysTheSame && one.value?.kind === 'variable') continue;
    report({
      code: PROOF.ensuresMissing.code,
      at: one.at,
      message: `this return of ${subject.name} does not ensure what another one does`,
      known: [`the return in line ${wanted.at.line}:  ${text(wanted)}; return ${wanted.value?.text}`],
      fixes: [`write  ${text(wanted)}  directly before it, and return ${wanted.value?.text}`],
    });
  }
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
