/**
 * What of a function can be proved although a statement of it was refused, or although it uses what such a function gives.
 *
 * A statement that uses an unknown value counts as refused, too, and statements that may rest on a refused one are treated as not
 * reached. So no report is a mere consequence of the refusal.
 */
import type { Location } from '../ir/location.js';
import type { Expression, Function, Statement, Variable } from '../ir/nodes.js';
import { expressionsOf, operandsOf, statementsBelow, visitStatements } from '../ir/walk.js';
import { functionsOf } from '../program/callGraph.js';
import { ensuredBy } from './ensures.js';

/** The functions of a program that give unknown values. They are looked at callees first. */
export class Unknown {
  private readonly givers = new Set<Function>();

  /** `subject` as it is to be proved: itself where nothing is unknown. */
  without(subject: Function): Function {
    if (this.givers.size === 0 && !hasRefused(subject.body)) return subject;
    const isUsed = this.usesOf(this.variablesIn(subject.body));
    const requires = subject.requires.filter((condition) => !isUsed(condition));
    const isMissing = requires.length < subject.requires.length;
    const start: readonly Statement[] = isMissing ? [refused(subject.at, true)] : [];
    const body = [...start, ...this.knownOf(subject.body, isUsed)];
    if (!hasRefused(body)) return subject;
    if (subject.result.kind !== 'void') this.givers.add(subject);
    return { ...subject, requires, body };
  }

  /** The variables that may have an unknown value somewhere in `body`. */
  private variablesIn(body: readonly Statement[]): ReadonlySet<Variable> {
    const found = new Set<Variable>();
    const isUsed = this.usesOf(found);
    for (let before = -1; before < found.size; ) {
      before = found.size;
      visitStatements(body, (statement) => {
        if (statement.kind !== 'refused' && !valuesIn(statement).some(isUsed)) return;
        visitStatements([statement], (below) => {
          for (const variable of changedBy(below)) found.add(variable);
        });
      });
    }
    return found;
  }

  /** Whether an expression uses one of `variables`, or what a function gives that gives unknown values. */
  private usesOf(variables: ReadonlySet<Variable>): Uses {
    const isUsed: Uses = (expression) =>
      (expression.kind === 'variable' && variables.has(expression.variable)) ||
      (expression.kind === 'call' && functionsOf(expression.callee).some((called) => this.givers.has(called))) ||
      operandsOf(expression).some(isUsed);
    return isUsed;
  }

  /** `statements` up to what is not known to be reached, with a `refused` for each that uses an unknown value. */
  private knownOf(statements: readonly Statement[], isUsed: Uses): readonly Statement[] {
    const known = statements.map((statement) => this.knownStatement(statement, isUsed));
    const end = known.findIndex((statement) => statement.kind === 'refused' && statement.ends);
    return end < 0 ? known : known.slice(0, end + 1);
  }

  private knownStatement(statement: Statement, isUsed: Uses): Statement {
    if (valuesIn(statement).some(isUsed)) return refused(statement.at, this.mayTell(statement));
    const below = (statements: readonly Statement[]): readonly Statement[] => this.knownOf(statements, isUsed);
    switch (statement.kind) {
      case 'if':
        return { ...statement, then: below(statement.then), otherwise: below(statement.otherwise) };
      case 'loop': {
        const { before, update, body } = statement;
        return { ...statement, before: below(before), update: below(update), body: below(body) };
      }
      case 'switch':
        return {
          ...statement,
          cases: statement.cases.map(({ values, body }) => ({ values, body: below(body) })),
          otherwise: statement.otherwise && below(statement.otherwise),
        };
      case 'block':
        return { ...statement, body: below(statement.body) };
      default:
        return statement;
    }
  }

  /** Whether what follows may rest on more of a statement than the variables that it changes. */
  private mayTell(statement: Statement): boolean {
    switch (statement.kind) {
      case 'declare':
      case 'assign':
      case 'bytesWrite':
      case 'expression':
        return expressionsOf(statement).some((expression) => this.mayEnsure(expression));
      default:
        return true;
    }
  }

  /** Whether an expression calls a function that never returns, or that may ensure something of what is passed. */
  private mayEnsure(expression: Expression): boolean {
    if (expression.type.kind === 'never') return true;
    const called = expression.kind === 'call' ? functionsOf(expression.callee) : [];
    return (
      called.some((one) => this.givers.has(one) || ensuredBy(one) !== null) ||
      operandsOf(expression).some((operand) => this.mayEnsure(operand))
    );
  }
}

type Uses = (expression: Expression) => boolean;

/** The expressions of a statement that say what it does. */
function valuesIn(statement: Statement): readonly Expression[] {
  return statement.kind === 'unreachable' ? [statement.subject] : expressionsOf(statement);
}

function changedBy(statement: Statement): readonly Variable[] {
  switch (statement.kind) {
    case 'refused':
      return statement.changes;
    case 'declare':
      return [statement.variable];
    case 'assign':
      return statement.target.kind === 'variable' ? [statement.target.variable] : [];
    default:
      return [];
  }
}

function refused(at: Location, ends: boolean): Statement {
  return { kind: 'refused', at, changes: [], ends };
}

function hasRefused(body: readonly Statement[]): boolean {
  return body.some((statement) => statement.kind === 'refused' || hasRefused(statementsBelow(statement)));
}
