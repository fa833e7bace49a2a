/** Calls: arguments fit, what the function requires is proved, what it ensures is known. */
import { PROOF } from '../diagnostics/proof.js';
import type { Expression, ExpressionOf, Variable } from '../ir/nodes.js';
import type { Range } from '../ir/types.js';
import { visitExpressions } from '../ir/walk.js';
import { functionsOf } from '../program/callGraph.js';
import { assume, entails } from './domain/assume.js';
import { checkFits, checkFitsType, checkIndex } from './checks.js';
import type { Bindings, Context } from './context.js';
import { larger, product, smaller, truncate } from './derive.js';
import { FALSE, inside, UNKNOWN, type Formula } from './domain/formula.js';
import { add, constant, subtract, type Linear } from './domain/linear.js';
import { hull, numbersOf, U32, U64 } from './domain/range.js';
import type { Summary } from './summary.js';

/** How many calls deep the prover looks into contracts and functions that only return. Without a limit, a circle would never end. */
const MOST_DEPTH = 6;

/** How many functions the prover looks into for one call. Without a limit, functions that call many others would take too long. */
const MOST_LOOKED_INTO = 40;

/** The argument of a call that stands for a parameter. */
type Operand =
  | { readonly kind: 'integer'; readonly value: Linear }
  | { readonly kind: 'boolean'; readonly formula: Formula };

/** The value of a call, of Bytes and strings the length. */
export function callInteger(context: Context, expression: ExpressionOf<'call'>): Linear {
  const values = operandsOf(context, expression);
  const { callee } = expression;
  if (expression.type.kind === 'never') context.state = assume(context.state, FALSE);
  const summaries = functionsOf(callee).map((called) => context.summaryOf(called));
  const [called] = summaries;
  if (callee.kind !== 'function' || called === undefined) return returnedValue(context, expression, summaries);
  const bindings = bind(called, values);
  const returned = onlyReturn(context, called);
  const range = numbersOf(called.type);
  if (returned !== null && range !== null) {
    const value = bound(context, bindings, () => context.integer(returned));
    return fitting(context, value, range);
  }
  return resultOf(context, expression, called, bindings);
}

/** A result, which the proof of its own function shows to be in `range`. Where that failed, it is reported there only. */
function fitting(context: Context, value: Linear, range: Range): Linear {
  const formula = inside(value, range);
  if (entails(context.state, formula)) return value;
  const assumed = assume(context.state, formula);
  if (!assumed.impossible) context.state = assumed;
  return value;
}

/** What is true where a call returns true: for a function that only returns a condition, that condition. */
export function callCondition(context: Context, expression: ExpressionOf<'call'>): Formula {
  const values = operandsOf(context, expression);
  const { callee } = expression;
  if (callee.kind !== 'function') return UNKNOWN;
  const called = context.summaryOf(callee.function);
  const returned = onlyReturn(context, called);
  if (returned === null) return UNKNOWN;
  return bound(context, bind(called, values), () => context.condition(returned));
}

/** The expression that a function returns if it does nothing else; null if it does more, or if a limit above is reached. */
function onlyReturn(context: Context, { returned }: Summary): Expression | null {
  context.lookedInto += 1;
  return context.depth < MOST_DEPTH && context.lookedInto <= MOST_LOOKED_INTO ? returned : null;
}

/** The values of the operands, which are proved to be what the callee takes. */
function operandsOf(context: Context, expression: ExpressionOf<'call'>): readonly Operand[] {
  const { callee, operands } = expression;
  if (callee.kind === 'table') {
    const { name, length } = callee.table;
    checkIndex(context, callee.index, length, `${name} has ${length} entries`);
  }
  const targets = functionsOf(callee).map((target) => context.summaryOf(target));
  const parameters = callee.kind === 'intrinsic' ? callee.intrinsic.parameters : (targets[0]?.parameters ?? []);
  const values = operands.map((operand, position): Operand => {
    const type = parameters[position]?.type ?? operand.type;
    if (type.kind === 'boolean') return { kind: 'boolean', formula: context.condition(operand) };
    const value = context.integer(operand);
    checkFitsType(context, operand, value, type);
    return { kind: 'integer', value };
  });
  for (const target of targets) checkRequires(context, expression, target, bind(target, values));
  return values;
}

function bind({ parameters }: Summary, values: readonly Operand[]): Bindings {
  const bindings: Bindings = { integers: new Map(), booleans: new Map() };
  parameters.forEach((parameter, position) => {
    const operand = values[position];
    if (operand?.kind === 'integer') bindings.integers.set(parameter, operand.value);
    if (operand?.kind === 'boolean') bindings.booleans.set(parameter, operand.formula);
  });
  return bindings;
}

/** Evaluates expressions of another function with its variables bound; what is to prove in them is proved there. */
function bound<T>(context: Context, { integers, booleans }: Bindings, evaluate: () => T): T {
  const { integers: ownIntegers, booleans: ownBooleans } = context.state;
  context.state.integers = new Map(integers);
  context.state.booleans = new Map(booleans);
  context.depth += 1;
  const result = context.foreign(evaluate);
  context.depth -= 1;
  if (context.depth === 0) context.lookedInto = 0;
  context.state.integers = ownIntegers;
  context.state.booleans = ownBooleans;
  return result;
}

/** At this depth the expression belongs to another function, whose own proof covers this call. */
function checkRequires(context: Context, node: ExpressionOf<'call'>, called: Summary, bindings: Bindings): void {
  if (context.depth >= MOST_DEPTH) return;
  for (const required of called.requires) {
    const formula = bound(context, bindings, () => context.condition(required));
    context.prove(formula, [{ kind: 'requires', node, condition: required }], () => ({
      code: PROOF.requires,
      at: node.at,
      message: `${called.name} requires ${required.text}, which may not hold`,
      refuted: `${called.name} requires ${required.text}, which does not hold`,
      known: passedTo(called, node, required),
      fixes: () => [`guard the call, so that ${required.text} is known of what is passed`],
    }));
  }
}

/** What is passed for the parameters that a condition speaks of, where it is called something else. */
function passedTo({ parameters }: Summary, { operands }: ExpressionOf<'call'>, condition: Expression): string[] {
  const spoken = new Set<Variable>();
  visitExpressions(condition, (below) => {
    if (below.kind === 'variable') spoken.add(below.variable);
  });
  return parameters.flatMap((parameter, position) => {
    const text = operands[position]?.text;
    const isTold = spoken.has(parameter) && text !== undefined && text !== parameter.name;
    return isTold ? [`${parameter.name} is ${text} in this call`] : [];
  });
}

/** A value that any of the functions may return; nothing is known of what intrinsics do. */
function returnedValue(context: Context, expression: Expression, called: readonly Summary[]): Linear {
  const ranges = called.flatMap(({ result }) => result ?? []);
  const [first, ...others] = ranges;
  if (first === undefined || ranges.length < called.length) return context.unknown(expression);
  return context.fresh(expression, others.reduce(hull, first));
}

/** The result of a function, and what the function ensures of it. */
function resultOf(context: Context, expression: Expression, called: Summary, bindings: Bindings): Linear {
  const value = returnedValue(context, expression, [called]);
  const { ensured } = called;
  if (ensured !== null && context.depth < MOST_DEPTH) {
    const integers = new Map(bindings.integers).set(ensured.result, value);
    for (const promise of ensured.conditions) {
      const formula = bound(context, { integers, booleans: bindings.booleans }, () => context.condition(promise));
      context.state = assume(context.state, formula);
    }
  }
  return value;
}

/** The result of a function of the language's own. */
export function builtin(context: Context, expression: ExpressionOf<'builtin'>): Linear {
  const width = expression.name.endsWith('32') ? U32 : U64;
  const [a, b] = expression.operands.map((operand) => {
    const value = context.integer(operand);
    checkFits(context, operand, value, width, width === U32 ? 'u32' : 'u64');
    return value;
  });
  if (a === undefined || b === undefined) throw new TypeError(`${expression.name} has two operands`);
  switch (expression.name) {
    case 'mul32':
      return truncate(context, expression, product(context, expression, a, b), U32);
    case 'addSat32':
    case 'addSat64':
      return smaller(context, expression, add(a, b), constant(width.high));
    case 'subSat64':
      return larger(context, expression, subtract(a, b), constant(0n));
    case 'min32':
    case 'min64':
      return smaller(context, expression, a, b);
  }
}
