/** Conditions, as formulas; and the expressions that choose by one. */
import type { Expression, ExpressionOf, Variable } from '../ir/nodes.js';
import { checkCommonType } from './arithmetic.js';
import { assume } from './domain/assume.js';
import { callCondition } from './calls.js';
import type { Context } from './context.js';
import { equals, FALSE, formsOf, less, lessOrEqual, negate, TRUE, UNKNOWN, type Formula } from './domain/formula.js';
import { join } from './domain/join.js';
import type { Linear } from './domain/linear.js';
import type { State } from './domain/state.js';

/** What is true where a boolean expression is. */
export function condition(context: Context, expression: Expression): Formula {
  switch (expression.kind) {
    case 'boolean':
      return expression.value ? TRUE : FALSE;
    case 'constant':
      return expression.constant.value === true ? TRUE : FALSE;
    case 'variable':
      return context.state.booleans.get(expression.variable) ?? UNKNOWN;
    case 'compare':
      return comparison(context, expression);
    case 'not':
      return negate(context.condition(expression.operand));
    case 'logical':
      return logical(context, expression);
    case 'conditional':
      return conditional(context, expression);
    case 'call':
      return callCondition(context, expression);
    case 'isNull':
      context.visit(expression.operand);
      return UNKNOWN;
    default:
      context.integer(expression);
      return UNKNOWN;
  }
}

function comparison(context: Context, expression: ExpressionOf<'compare'>): Formula {
  if (expression.left.type.kind !== 'integer') {
    context.visit(expression.left);
    context.visit(expression.right);
    return UNKNOWN;
  }
  const left = context.integer(expression.left);
  const right = context.integer(expression.right);
  checkCommonType(context, expression, left, right);
  const formula = ordered(expression, left, right);
  context.compared?.push(...formsOf(formula), ...formsOf(negate(formula)));
  return formula;
}

function ordered({ operator }: ExpressionOf<'compare'>, left: Linear, right: Linear): Formula {
  switch (operator) {
    case '<':
      return less(left, right);
    case '<=':
      return lessOrEqual(left, right);
    case '>':
      return less(right, left);
    case '>=':
      return lessOrEqual(right, left);
    case '===':
      return equals(left, right);
    case '!==':
      return negate(equals(left, right));
  }
}

/** The right operand is only reached, and its facts only hold, where the left one lets it. */
function logical(context: Context, expression: ExpressionOf<'logical'>): Formula {
  const isAnd = expression.operator === '&&';
  const left = context.condition(expression.left);
  const right = under(context, isAnd ? left : negate(left), () => context.condition(expression.right));
  return { kind: isAnd ? 'all' : 'any', parts: [left, right] };
}

function conditional(context: Context, expression: ExpressionOf<'conditional'>): Formula {
  const test = context.condition(expression.test);
  const then = under(context, test, () => context.condition(expression.then));
  const otherwise = under(context, negate(test), () => context.condition(expression.otherwise));
  return {
    kind: 'any',
    parts: [
      { kind: 'all', parts: [test, then] },
      { kind: 'all', parts: [negate(test), otherwise] },
    ],
  };
}

/** What `evaluate` gives where `test` is true, with the facts that it adds on the way. */
function under(context: Context, test: Formula, evaluate: () => Formula): Formula {
  const before = context.state;
  const start = assume(before, test);
  context.state = start.copy();
  const then = evaluate();
  const facts = [...context.state.allFacts()].filter(([key]) => !start.has(key)).map(([, fact]) => fact);
  context.state = before;
  return facts.length === 0 ? then : { kind: 'given', facts, then };
}

/** The value of a conditional: what both alternatives agree on is known of it. */
export function choose(
  context: Context,
  expression: ExpressionOf<'conditional'>,
  then: () => Linear,
  otherwise: () => Linear,
): Linear {
  const chosen: Variable = { name: expression.text, type: expression.type, at: expression.at, role: 'const' };
  const test = context.condition(expression.test);
  const before = context.state;
  const after = (truth: Formula, evaluate: () => Linear): State => {
    context.state = assume(before, truth);
    const value = evaluate();
    context.state.integers.set(chosen, value);
    return context.state;
  };
  context.state = join(after(test, then), after(negate(test), otherwise));
  const value = context.state.integers.get(chosen);
  context.state.integers.delete(chosen);
  if (value === undefined) throw new TypeError('both alternatives of a conditional have a value');
  return value;
}
