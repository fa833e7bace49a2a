/** Walks through the program's trees. */
import type { Expression, Function, Statement } from './nodes.js';

/** The expressions directly below `expression`, in the order in which they are evaluated. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'integer':
    case 'boolean':
    case 'string':
    case 'null':
    case 'constant':
    case 'variable':
    case 'instance':
    case 'local':
      return [];
    case 'unary':
    case 'not':
    case 'cast':
    case 'isNull':
      return [expression.operand];
    case 'binary':
    case 'compare':
    case 'logical':
      return [expression.left, expression.right];
    case 'conditional':
      return [expression.test, expression.then, expression.otherwise];
    case 'builtin':
      return expression.operands;
    case 'call':
      return expression.callee.kind === 'table'
        ? [expression.callee.index, ...expression.operands]
        : expression.operands;
    case 'field':
    case 'bits':
    case 'bytesLength':
    case 'bytesStart':
    case 'stringLength':
    case 'addressOf':
      return [expression.base];
    case 'element':
    case 'charCode':
      return [expression.base, expression.index];
    case 'bytesRead':
      return [expression.base, expression.offset];
    case 'bytesPart':
      return [expression.base, expression.offset, expression.length];
    case 'listGet':
      return [expression.index];
    case 'physical':
      return [expression.address];
    case 'window':
      return [expression.start, expression.length];
  }
}

/** The expressions directly in `statement` that are evaluated, not in statements below it. */
export function expressionsOf(statement: Statement): readonly Expression[] {
  switch (statement.kind) {
    case 'declare':
    case 'return':
      return statement.value ? [statement.value] : [];
    case 'assign':
      return [statement.target, statement.value];
    case 'bytesWrite':
      return [statement.base, statement.offset, statement.value];
    case 'expression':
      return [statement.expression];
    case 'if':
      return [statement.test];
    case 'loop':
      return statement.test ? [statement.test] : [];
    case 'switch':
      return [statement.subject, ...statement.cases.flatMap(({ values }) => values)];
    case 'contract':
      return [statement.condition];
    case 'break':
    case 'continue':
    case 'block':
    case 'unreachable':
    case 'refused':
      return [];
  }
}

/** The statements directly below `statement`. */
export function statementsBelow(statement: Statement): readonly Statement[] {
  switch (statement.kind) {
    case 'if':
      return [...statement.then, ...statement.otherwise];
    case 'loop':
      return [...statement.before, ...statement.update, ...statement.body];
    case 'switch':
      return [...statement.cases.flatMap(({ body }) => body), ...(statement.otherwise ?? [])];
    case 'block':
      return statement.body;
    default:
      return [];
  }
}

/** Calls `visit` for each statement below `statements`, themselves included. */
export function visitStatements(statements: readonly Statement[], visit: (statement: Statement) => void): void {
  for (const statement of statements) {
    visit(statement);
    visitStatements(statementsBelow(statement), visit);
  }
}

/** Calls `visit` for `expression` and each expression below it. */
export function visitExpressions(expression: Expression, visit: (expression: Expression) => void): void {
  visit(expression);
  for (const operand of operandsOf(expression)) visitExpressions(operand, visit);
}

/** Calls `visit` for each expression of `fn`, those of its contracts among them. */
export function visitBody(fn: Function, visit: (expression: Expression) => void): void {
  for (const required of fn.requires) visitExpressions(required, visit);
  visitStatements(fn.body, (statement) => {
    for (const expression of expressionsOf(statement)) visitExpressions(expression, visit);
  });
}
