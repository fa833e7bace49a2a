/**
 * Where something that may be null is taken for something that is not. tsc has seen the guard that excludes null, so nothing
 * is proved of it; what relies on tsc is an obligation all the same.
 */
import type { Expression, Function, Statement } from '../ir/nodes.js';
import type { Obligations } from '../ir/obligations.js';
import type { Type } from '../ir/types.js';
import { visitBody, visitStatements } from '../ir/walk.js';
import { functionsOf } from '../program/callGraph.js';

/** Adds one for each such place of the function. */
export function addNarrowings(subject: Function, obligations: Obligations): void {
  const rely = (node: Expression): void => {
    if (!isNullable(node.type) || node.kind === 'null') return;
    const message = `${node.text} may be null`;
    obligations.add(subject, { code: 'narrowing', at: node.at, message, claim: { kind: 'notNull', node } });
  };
  visitBody(subject, (expression) => narrowedIn(expression).forEach(rely));
  visitStatements(subject.body, (statement) => narrowedBy(subject, statement).forEach(rely));
}

/** The operands that are used as what is not null. */
function narrowedIn(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'field':
    case 'element':
    case 'bits':
    case 'bytesLength':
    case 'bytesStart':
    case 'bytesRead':
    case 'bytesPart':
    case 'addressOf':
      return [expression.base];
    case 'call': {
      const { callee, operands } = expression;
      const parameters = callee.kind === 'intrinsic' ? callee.intrinsic.parameters : functionsOf(callee)[0]?.parameters;
      return operands.filter((_, position) => excludesNull(parameters?.[position]?.type));
    }
    default:
      return [];
  }
}

function narrowedBy(subject: Function, statement: Statement): readonly Expression[] {
  switch (statement.kind) {
    case 'bytesWrite':
      return [statement.base];
    case 'declare':
      return statement.value !== null && excludesNull(statement.variable.type) ? [statement.value] : [];
    case 'assign':
      return excludesNull(statement.target.type) ? [statement.value] : [];
    case 'return':
      return statement.value !== null && excludesNull(subject.result) ? [statement.value] : [];
    default:
      return [];
  }
}

function isNullable(type: Type): boolean {
  return (type.kind === 'reference' || type.kind === 'bytes') && type.nullable;
}

function excludesNull(type: Type | undefined): boolean {
  return (type?.kind === 'reference' || type?.kind === 'bytes') && !type.nullable;
}
