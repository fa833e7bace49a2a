/**
 * The checks of a checked program: each obligation of the prover is tested each time its node is evaluated.
 *
 * The result of an operator is computed exactly (exact.ts), and only then converted to the C type that the proof has chosen. Operands are
 * put into constants first, in order, so that a check evaluates nothing anew.
 */
import { effectOf } from '../ir/evaluation.js';
import type { Expression, ExpressionOf, Function, Statement } from '../ir/nodes.js';
import type { Claim, Obligation, Obligations } from '../ir/obligations.js';
import { expressionsOf, operandsOf, visitExpressions, visitStatements } from '../ir/walk.js';
import { functionsOf } from '../program/callGraph.js';
import { choice } from './arithmetic.js';
import { exactBinary, exactLiteral, exactUnary, isModular, wide } from './exact.js';
import { declaration, fix, quoted, release, render, textOf } from './expressions.js';
import { globalName, localName } from '../ir/cNames.js';
import { castTo, Level, primary, type Rendered, within } from './rendered.js';
import { type Checks, newScope, type Scope } from './scope.js';
import { cType } from './types.js';

type ClaimOf<K extends Claim['kind']> = Extract<Claim, { readonly kind: K }>;
type Operator = ExpressionOf<'binary' | 'unary' | 'conditional'>;

export class ObligationChecks implements Checks {
  private readonly obligations: Obligations;

  constructor(obligations: Obligations) {
    this.obligations = obligations;
  }

  expression(scope: Scope, expression: Expression, plain: () => Rendered): Rendered {
    const obligations = this.obligations.of(expression).filter(({ claim }) => claim.kind !== 'entry');
    const isOperator = isExact(expression);
    if (obligations.length === 0 && !isOperator) return plain();
    const needed = isOperator ? operandsOf(expression) : obligations.flatMap(({ claim }) => operandsIn(claim));
    const operands = expression.kind === 'conditional' ? [] : this.operandsToKeep(scope, expression, new Set(needed));
    const lines = fix(scope, operands);
    const before = obligations.filter(({ claim }) => !isOfValue(claim));
    lines.push(...before.map((obligation) => check(obligation, conditionOf(scope, obligation.claim))));
    const result = this.result(scope, expression, lines, plain);
    release(scope, operands);
    return result;
  }

  /** The value behind its own checks, and behind `lines`. */
  private result(scope: Scope, expression: Expression, lines: readonly string[], plain: () => Rendered): Rendered {
    const ofValue = this.obligations.of(expression).filter(({ claim }) => isOfValue(claim));
    const value = isExact(expression) ? exactValue(scope, expression, plain) : plain();
    if (ofValue.length === 0) return block([...lines, `${value.text};`], value);
    scope.count += 1;
    const name = `operand${scope.count}`;
    const type = isExact(expression) ? '__int128' : (value.machine ?? cType(expression.type));
    const kept = { ...value, text: name, level: Level.primary };
    const checks = ofValue.map((obligation) => check(obligation, conditionOfValue(obligation.claim, name)));
    const given = value.machine === null ? kept : castTo(value.machine, value.machine, kept);
    return block([...lines, `${declaration(type, name)} = ${value.text};`, ...checks, `${given.text};`], value);
  }

  before(scope: Scope, statement: Statement): string[] {
    const labels = statement.kind === 'switch' ? statement.cases.flatMap(({ values }) => values) : [];
    const lines = labels
      .filter((label) => this.obligations.of(label).length > 0)
      .map((label) => `(void)(${textOf(scope, label)});`);
    for (const obligation of this.obligations.of(statement)) {
      lines.push(
        ...fix(
          scope,
          operandsIn(obligation.claim).filter((operand) => !scope.fixed.has(operand)),
        ),
      );
      lines.push(check(obligation, conditionOf(scope, obligation.claim)));
    }
    return lines;
  }

  first(scope: Scope, fn: Function): string[] {
    return fn.requires.flatMap((condition) =>
      this.obligations
        .of(condition)
        .filter(({ claim }) => claim.kind === 'entry')
        .map((obligation) => {
          const passed = readIn(fn, condition).map((index) => localName(fn.parameters[index] ?? { name: '' }));
          return check(obligation, `${requirementName(fn, condition)}(${passed.join(', ')})`);
        }),
    );
  }

  contractsOf(fn: Function): readonly Expression[] {
    const contracts = [...fn.requires];
    visitStatements(fn.body, (statement) => {
      if (statement.kind === 'contract') contracts.push(...expressionsOf(statement));
    });
    return contracts;
  }

  /** What a function requires is a function of its parameters, so that callers can ask it of what they pass. */
  beside(fn: Function): readonly { readonly prototype: string; readonly body: readonly string[] }[] {
    return fn.requires.map((condition) => {
      const parameters = readIn(fn, condition).flatMap((index) => {
        const parameter = fn.parameters[index];
        return parameter === undefined ? [] : [declaration(cType(parameter.type), localName(parameter), false)];
      });
      const head = `static UNUSED bool ${requirementName(fn, condition)}(${parameters.join(', ') || 'void'})`;
      const { line, file } = condition.at;
      const body = [`#line ${line} "${file}"`, `${head} {`, `  return ${textOf(newScope(this), condition)};`, '}'];
      return { prototype: `${head};`, body };
    });
  }

  /** The operands to put into constants: those that are `needed`, and all that their order counts with. */
  private operandsToKeep(scope: Scope, expression: Expression, needed: ReadonlySet<Expression>): readonly Expression[] {
    if (needed.size === 0) return [];
    return operandsOf(expression).filter(
      (operand) =>
        !scope.fixed.has(operand) &&
        (effectOf(operand) !== 'none' || (needed.has(operand) && !this.mayStandTwice(operand))),
    );
  }

  private mayStandTwice(operand: Expression): boolean {
    return isAtom(operand) && this.obligations.of(operand).length === 0;
  }
}

function check(obligation: Obligation, condition: string): string {
  return `CHECK(${condition}, ${quoted(textOfCheck(obligation))});`;
}

/** The message of a check that fails. */
export function textOfCheck({ at, code, message }: Obligation): string {
  return `${at.file}:${at.line}:${at.column}: ${code} ${message}`.replace(/[^ -~]/g, '?');
}

/** Operators whose exact value is computed. */
function isExact(expression: Expression): expression is Operator {
  if (expression.kind === 'conditional') return expression.wraps && isOfNumbers(expression);
  return (expression.kind === 'binary' || expression.kind === 'unary') && !isModular(expression);
}

/** The result has the type in which C would compute it by itself, or one that holds all of JavaScript's exact numbers. */
function exactValue(scope: Scope, expression: Operator, plain: () => Rendered): Rendered {
  const operand = (part: Expression): string => within(Level.primary, render(scope, part));
  switch (expression.kind) {
    case 'binary': {
      const text = exactBinary(expression, operand(expression.left), operand(expression.right));
      return primary(text, expression.wraps ? 'int64_t' : plain().machine);
    }
    case 'unary':
      return primary(
        exactUnary(expression, operand(expression.operand)),
        expression.wraps ? 'int64_t' : plain().machine,
      );
    case 'conditional': {
      const alternative = (part: Expression): Rendered => castTo('int64_t', 'int64_t', render(scope, part));
      const chosen = [alternative(expression.then), alternative(expression.otherwise)] as const;
      return { ...choice(render(scope, expression.test), ...chosen), machine: 'int64_t' };
    }
  }
}

function isAtom({ kind }: Expression): boolean {
  return kind === 'variable' || kind === 'integer' || kind === 'boolean' || kind === 'string' || kind === 'null';
}

function isOfNumbers({ type }: Expression): boolean {
  return type.kind === 'integer' && type.javascript === 'number';
}

function block(lines: readonly string[], { machine }: Rendered): Rendered {
  return primary(`({ ${lines.join(' ')} })`, machine);
}

/** Claims about a node's own value; all others are about what it is made of. */
function isOfValue({ kind }: Claim): boolean {
  return kind === 'within' || kind === 'notZero' || kind === 'notNull';
}

function conditionOfValue(claim: Claim, value: string): string {
  if (claim.kind === 'notZero') return `${value} != 0`;
  if (claim.kind === 'notNull') return `${value}${claim.node.type.kind === 'bytes' ? '.memory' : ''} != NULL`;
  if (claim.kind !== 'within') throw new TypeError(`${claim.kind} says nothing of a value`);
  const { low, high } = claim.range;
  return `${wide(value)} >= ${exactLiteral(low)} && ${wide(value)} <= ${exactLiteral(high)}`;
}

/** The operands that the check names beside the operation that uses them. */
function operandsIn(claim: Claim): readonly Expression[] {
  switch (claim.kind) {
    case 'character':
      return [claim.node.base, claim.node.index];
    case 'bytes':
      return claim.node.kind === 'bytesPart'
        ? [claim.node.base, claim.node.offset, claim.node.length]
        : [claim.node.base, claim.node.offset];
    case 'divides':
      return [claim.node.left, claim.node.right];
    case 'requires':
      return passedTo(claim);
    case 'cases':
      return [claim.node.subject];
    default:
      return [];
  }
}

function conditionOf(scope: Scope, claim: Claim): string {
  const operand = (part: Expression): string => within(Level.primary, render(scope, part));
  switch (claim.kind) {
    case 'character': {
      const { base, index } = claim.node;
      return `${wide(operand(index))} >= 0 && ${wide(operand(index))} < ${operand(base)}.length`;
    }
    case 'bytes': {
      const { base, offset } = claim.node;
      const count = claim.node.kind === 'bytesPart' ? operand(claim.node.length) : String(claim.node.bytes);
      const end = `${wide(operand(offset))} + ${count}`;
      return `${wide(operand(offset))} >= 0 && ${wide(count)} >= 0 && ${end} <= ${operand(base)}.length`;
    }
    case 'divides':
      return `${wide(operand(claim.node.right))} != -1 || ${wide(operand(claim.node.left))} != INT64_MIN`;
    case 'requires':
      return `${requirementName(calledIn(claim), claim.condition)}(${passedTo(claim).map(operand).join(', ')})`;
    case 'contract':
      return textOf(scope, claim.node.condition);
    case 'cases': {
      const labels = claim.node.cases.flatMap(({ values }) => values);
      return labels.map((label) => `${wide(operand(claim.node.subject))} == ${operand(label)}`).join(' || ');
    }
    case 'never':
      return 'false';
    default:
      throw new TypeError(`${claim.kind} is checked elsewhere`);
  }
}

/** The arguments that stand for the parameters which the required condition reads. */
function passedTo(claim: ClaimOf<'requires'>): readonly Expression[] {
  return readIn(calledIn(claim), claim.condition).flatMap((index) => claim.node.operands[index] ?? []);
}

/** Of the functions that the call may reach, the one that requires it. */
function calledIn({ node, condition }: ClaimOf<'requires'>): Function {
  const called = functionsOf(node.callee).find(({ requires }) => requires.includes(condition));
  if (called === undefined) throw new TypeError(`${node.text} calls nothing that requires ${condition.text}`);
  return called;
}

/** The positions of the parameters that a required condition reads. */
function readIn(fn: Function, condition: Expression): readonly number[] {
  const read = new Set<number>();
  visitExpressions(condition, (below) => {
    if (below.kind === 'variable') read.add(fn.parameters.indexOf(below.variable));
  });
  return [...read].sort((a, b) => a - b);
}

/** The `_` at the end keeps it apart from the program's names (names.ts). */
function requirementName(fn: Function, condition: Expression): string {
  return `${globalName(fn)}_requires${fn.requires.indexOf(condition)}_`;
}
