/** What statements do to what is known. */
import { PROOF } from '../diagnostics/proof.js';
import type { Expression, Statement, Target, Variable } from '../ir/nodes.js';
import { bitsRange, checkBytesWrite } from './access.js';
import { assume, entails } from './domain/assume.js';
import { checkFits, checkFitsType, checkIndex } from './checks.js';
import type { Context } from './context.js';
import { equals, FALSE, negate, type Formula } from './domain/formula.js';
import { join } from './domain/join.js';
import { ANYTHING, constant, type Linear } from './domain/linear.js';
import { loop } from './loops.js';
import { hull, intersect, numbersOf } from './domain/range.js';
import { forget, nameOf } from './variables.js';

/** Updates the state for one statement. */
export function runStatement(context: Context, statement: Statement): void {
  switch (statement.kind) {
    case 'declare':
      return declare(context, statement.variable, statement.value);
    case 'assign':
      return assign(context, statement.target, statement.value);
    case 'bytesWrite':
      return checkBytesWrite(context, statement);
    case 'expression':
      return context.visit(statement.expression);
    case 'if':
      return branch(context, statement);
    case 'loop':
      return loop(context, statement);
    case 'switch':
      return choice(context, statement);
    case 'break':
      return leave(context, context.loop?.breaks);
    case 'continue':
      return leave(context, context.loop?.continues);
    case 'return':
      return giveBack(context, statement.value);
    case 'block':
      return context.run(statement.body);
    case 'contract':
      return contract(context, statement);
    case 'unreachable':
      return unreachable(context, statement);
    case 'refused':
      // The statements after it are treated as not reached: their proofs could rest on it.
      if (statement.ends) context.state = assume(context.state, FALSE);
  }
}

function declare(context: Context, variable: Variable, value: Expression | null): void {
  if (value === null) forget(context, variable);
  else if (variable.type.kind === 'boolean') context.state.booleans.set(variable, context.condition(value));
  else keep(context, variable, value);
}

/** Gives the variable a value. A symbol that was created for this value gets the variable's name. */
function keep(context: Context, variable: Variable, expression: Expression): void {
  const before = context.symbols.count;
  const value = context.integer(expression);
  checkFitsType(context, expression, value, variable.type);
  context.state.integers.set(variable, value);
  const [term] = value.terms;
  const isNew = term !== undefined && term.symbol >= before && term.factor === 1n && value.terms.length === 1;
  if (!isNew || value.constant !== 0n) return;
  const symbol = context.symbols.get(term.symbol);
  symbol.origin ??= symbol.name;
  symbol.name = nameOf(variable);
}

function assign(context: Context, target: Target, value: Expression): void {
  switch (target.kind) {
    case 'variable':
      return declare(context, target.variable, value);
    case 'element':
      context.visit(target.base);
      checkIndex(context, target.index, target.length, `${target.base.text} has ${target.length} elements`);
      return store(context, value, target);
    case 'field':
    case 'bits':
      context.visit(target.base);
      return store(context, value, target);
  }
}

function store(context: Context, expression: Expression, target: Target): void {
  if (target.type.kind === 'boolean') {
    context.condition(expression);
    return;
  }
  const value = context.integer(expression);
  if (target.kind === 'bits') checkFits(context, expression, value, bitsRange(target), `the bits of ${target.text}`);
  else checkFitsType(context, expression, value, target.type);
}

function branch(context: Context, { test, then, otherwise }: Extract<Statement, { kind: 'if' }>): void {
  const formula = context.condition(test);
  const before = context.state;
  context.state = assume(before, formula);
  context.run(then);
  const afterThen = context.state;
  context.state = assume(before, negate(formula));
  context.run(otherwise);
  context.state = join(afterThen, context.state);
}

function choice(context: Context, statement: Extract<Statement, { kind: 'switch' }>): void {
  const { subject, cases, otherwise } = statement;
  const value = context.integer(subject);
  const before = context.state;
  const labels: Linear[] = [];
  let after = assume(before, FALSE);
  for (const { values, body } of cases) {
    context.state = before;
    const ofCase = values.map((label) => context.integer(label));
    labels.push(...ofCase);
    context.state = assume(before, isOneOf(value, ofCase));
    context.run(body);
    after = join(after, context.state);
  }
  const isComplete = namesAllMembers(subject, labels);
  if (isComplete && otherwise === null) relyOnCases(context, statement);
  context.state = assume(before, isComplete ? FALSE : negate(isOneOf(value, labels)));
  context.run(otherwise ?? []);
  context.state = join(after, context.state);
}

/** Notes that this relies on tsc: the subject is a member of its enum. */
function relyOnCases(context: Context, node: Extract<Statement, { kind: 'switch' }>): void {
  context.claim({ kind: 'cases', node }, () => ({
    code: PROOF.reachable,
    at: node.at,
    message: `${node.subject.text} may be none of the cases`,
  }));
}

function isOneOf(value: Linear, labels: readonly Linear[]): Formula {
  return { kind: 'any', parts: labels.map((label) => equals(value, label)) };
}

/** Whether the cases leave no value of an enum. */
function namesAllMembers({ type }: Expression, labels: readonly Linear[]): boolean {
  if (type.kind !== 'integer' || type.members === null) return false;
  const named = new Set(labels.map(({ constant }) => constant));
  return type.members.every((member) => named.has(member));
}

/** Keeps the state for the target of the jump. The statements after the jump are not reached. */
function leave(context: Context, states: Context['state'][] | undefined): void {
  states?.push(context.state);
  context.state = assume(context.state, FALSE);
}

function giveBack(context: Context, expression: Expression | null): void {
  const { result } = context.function;
  if (expression?.type.kind === 'boolean') {
    context.condition(expression);
  } else if (expression !== null) {
    const value = context.integer(expression);
    checkFitsType(context, expression, value, result);
    addResult(context, value);
  }
  context.state = assume(context.state, FALSE);
}

function addResult(context: Context, value: Linear): void {
  if (!context.reporting || context.state.impossible || value === ANYTHING) return;
  const all = numbersOf(context.function.result);
  if (all === null) return;
  const range = intersect(context.rangeOf(value), all);
  context.result = context.result === null ? range : hull(context.result, range);
}

/** An invariant is proved by its loop, where it stands; here it is known. */
function contract(context: Context, statement: Extract<Statement, { kind: 'contract' }>): void {
  const formula = context.condition(statement.condition);
  if (statement.contract === 'invariant') {
    context.claim({ kind: 'contract', node: statement }, () => ({
      code: PROOF.invariantKept,
      at: statement.at,
      message: `${statement.condition.text} may not hold in each round`,
    }));
    context.state = assume(context.state, formula);
    return;
  }
  context.prove(formula, [{ kind: 'contract', node: statement }], () => ({
    code: PROOF.ensures,
    at: statement.at,
    message: `${statement.condition.text} may not hold here`,
    fixes: () => ['make it so before the return, or ensure less'],
  }));
}

function unreachable(context: Context, statement: Extract<Statement, { kind: 'unreachable' }>): void {
  const { subject } = statement;
  const value = context.integer(subject);
  const members = subject.type.kind === 'integer' ? (subject.type.members ?? []) : [];
  // A value of an enum's type is one of its members: no other value is accepted for it.
  const excluded = members.map((member) => negate(equals(value, constant(member))));
  const formula: Formula = members.length === 0 ? FALSE : { kind: 'all', parts: excluded };
  const left = members.filter((_, position) => !entails(context.state, excluded[position] ?? FALSE));
  context.prove(formula, [{ kind: 'never', node: statement }], () => ({
    code: PROOF.reachable,
    at: statement.at,
    message: 'this may be reached',
    known: left.length === 0 ? [] : [`${subject.text} may still be ${left.join(', ')}`],
    fixes: () => ['do in its place what is to be done then'],
  }));
  context.state = assume(context.state, FALSE);
}
