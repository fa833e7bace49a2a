/**
 * Locals live on the stack: no reference to one outlives its block.
 *
 * References are kept in variables only (no layout holds one), so it is enough to follow them
 * through the variables, results and parameters of functions.
 */
import type { Report } from '../diagnostics/diagnostic.js';
import { SUBSET } from '../diagnostics/subset.js';
import type { Expression, Function, Program, Variable } from '../ir/nodes.js';
import { operandsOf, visitBody, visitStatements } from '../ir/walk.js';
import { isStructResult } from './structResults.js';

/** The parameters whose machine address a function, or one it calls, takes. */
type Addressed = ReadonlySet<Variable>;

export function checkLocals(program: Program, report: Report): void {
  const functions = program.modules.flatMap((module) => module.functions);
  const addressed = addressedParameters(functions);
  for (const fn of functions) checkFunction(fn, addressed, report);
}

function checkFunction(fn: Function, addressed: Addressed, report: Report): void {
  const variables = localVariables(fn);
  const isLocal = (expression: Expression): boolean => comesFrom(expression, variables);
  const refuse = ({ at, text }: Expression, does: string): void => {
    report({
      code: SUBSET.localEscapes.code,
      at,
      message: `${text} is on the stack, and ${does}`,
      known: [],
      fixes: [],
    });
  };
  visitStatements(fn.body, (statement) => {
    if (statement.kind === 'return' && statement.value && isLocal(statement.value))
      refuse(statement.value, 'is returned');
    if (statement.kind === 'assign' && isLocal(statement.value)) refuse(statement.value, 'is kept in a variable');
  });
  visitBody(fn, (expression) => {
    for (const operand of addressedIn(expression, addressed)) {
      if (isLocal(operand)) refuse(operand, 'has no machine address');
    }
  });
}

/** The variables that hold a reference to a local. A variable is declared after what it holds. */
function localVariables(fn: Function): ReadonlySet<Variable> {
  const found = new Set<Variable>();
  visitStatements(fn.body, (statement) => {
    if (statement.kind === 'declare' && statement.value && comesFrom(statement.value, found))
      found.add(statement.variable);
  });
  return found;
}

/** Whether `expression` is a reference into a local, or into what one of `variables` refers to. */
function comesFrom(expression: Expression, variables: ReadonlySet<Variable>): boolean {
  if (expression.type.kind !== 'reference') return false;
  switch (expression.kind) {
    case 'local':
      return true;
    case 'variable':
      return variables.has(expression.variable);
    case 'call':
      // A function may return the reference it was given.
      return isStructResult(expression) || expression.operands.some((operand) => comesFrom(operand, variables));
    case 'physical':
    case 'instance':
      return false;
    default:
      return operandsOf(expression).some((operand) => comesFrom(operand, variables));
  }
}

/** The operands of `expression` whose machine address is taken. */
function addressedIn(expression: Expression, addressed: Addressed): readonly Expression[] {
  if (expression.kind === 'addressOf') return [expression.base];
  if (expression.kind !== 'call' || expression.callee.kind === 'intrinsic') return [];
  const { callee } = expression;
  const called =
    callee.kind === 'function' ? [callee.function] : [callee.table.fallback, ...callee.table.entries.values()];
  return expression.operands.filter((_, index) =>
    called.some(({ parameters }) => {
      const parameter = parameters[index];
      return parameter !== undefined && addressed.has(parameter);
    }),
  );
}

function addressedParameters(functions: readonly Function[]): Addressed {
  const found = new Set<Variable>();
  const places = functions.flatMap((fn) =>
    takersIn(fn).map((expression) => ({ parameters: fn.parameters, expression })),
  );
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { parameters, expression } of places) {
      for (const operand of addressedIn(expression, found))
        for (const parameter of parameters) if (comesFrom(operand, new Set([parameter]))) found.add(parameter);
    }
  }
  return found;
}

/** The expressions of a function that may take an address. */
function takersIn(fn: Function): readonly Expression[] {
  const found: Expression[] = [];
  visitBody(fn, (expression) => {
    if (expression.kind === 'addressOf' || expression.kind === 'call') found.push(expression);
  });
  return found;
}
