/** Statements, from TypeScript's tree to the language's. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { Expression, Statement, Variable } from '../ir/nodes.js';
import type { IntegerType, Type } from '../ir/types.js';
import { assignmentOf, stepOf } from './assignments.js';
import { callOf } from './literals.js';
import { evaluate } from './constants.js';
import { all, attempt, type Body, type Context, locate, Refusal, refuse, textOf } from './context.js';
import { contractOf } from './contracts.js';
import { WRITES } from './calls.js';
import { valueAs, valueFor } from './placing.js';
import { checkBlocks, refusedStatement, startAsRefused } from './refused.js';
import { switchOf } from './switches.js';
import { spell } from './operators.js';
import { describeSyntax } from './syntax.js';
import { integerType, typeOfAnnotation } from './types.js';

/** Lowers statements one by one; a refused one is reported, and a `refused` stands for it. */
export function statementsOf(body: Body, nodes: readonly ts.Statement[]): Statement[] {
  return nodes.flatMap((node) => {
    const lowered = attempt(body, () => statementOf(body, node));
    if (lowered === null) return [refusedStatement(body, node)];
    // Its own proofs stay, since they can say how to mend what TypeScript refuses. Its values are unknown.
    return body.refused.has(node) ? [...lowered, refusedStatement(body, node)] : lowered;
  });
}

/** The statements of a branch or loop body, with or without braces. */
function branchOf(body: Body, node: ts.Statement): Statement[] {
  return ts.isBlock(node) ? statementsOf(body, [...node.statements]) : statementsOf(body, [node]);
}

function statementOf(body: Body, node: ts.Statement): readonly Statement[] {
  const at = locate(body, node);
  if (ts.isVariableStatement(node)) return declarationsOf(body, node.declarationList);
  if (ts.isExpressionStatement(node)) return [expressionStatement(body, node)];
  if (ts.isIfStatement(node)) return [ifStatement(body, node)];
  if (ts.isForStatement(node)) return [forStatement(body, node)];
  if (ts.isWhileStatement(node)) {
    const [test, inner] = all(
      body,
      () => body.lower.condition(node.expression),
      () => loopBody(body, node.statement),
    );
    return [{ kind: 'loop', at, before: [], test, update: [], body: inner }];
  }
  if (ts.isSwitchStatement(node)) return [switchOf(body, node)];
  if (ts.isReturnStatement(node)) return [returnStatement(body, node)];
  if (ts.isBlock(node)) return [{ kind: 'block', at, body: statementsOf(body, [...node.statements]) }];
  if (ts.isEmptyStatement(node)) return [];
  if (ts.isBreakStatement(node) && !node.label) {
    if (body.breaks === 'switch')
      refuse(
        body,
        node,
        SUBSET.switchForm,
        'a break stands only at the end of a case',
        'use if and else inside the case',
      );
    return [{ kind: 'break', at }];
  }
  if (ts.isContinueStatement(node) && !node.label) return [{ kind: 'continue', at }];
  checkBlocks(body, node);
  const { code, message, fixes } = describeSyntax(node);
  return refuse(body, node, code, message, ...fixes);
}

function declarationsOf(body: Body, list: ts.VariableDeclarationList): Statement[] {
  return all(
    body,
    ...list.declarations.map((declaration) => () => {
      const symbols = startAsRefused(body, declaration.name);
      const statement = declarationOf(body, declaration, list.flags);
      for (const symbol of symbols) body.entities.set(symbol, { kind: 'variable', variable: statement.variable });
      return statement;
    }),
  );
}

function declarationOf(
  body: Body,
  declaration: ts.VariableDeclaration,
  flags: ts.NodeFlags,
): Extract<Statement, { kind: 'declare' }> {
  const { name, initializer } = declaration;
  if (!(flags & ts.NodeFlags.BlockScoped))
    refuse(body, declaration, SUBSET.statement, 'var is not block-scoped', 'write const or let');
  if (!ts.isIdentifier(name)) return refuse(body, name, SUBSET.statement, 'the language has no destructuring');
  if (declaration.exclamationToken)
    refuse(body, declaration, SUBSET.assertion, `that ${name.text} has a value is not checked`, 'give it one');
  const role = flags & ts.NodeFlags.Const ? 'const' : 'let';
  const value = initializer ? initialValue(body, initializer, declaration.type) : null;
  const variable: Variable = {
    name: name.text,
    type: variableType(body, declaration, name, value, role),
    at: locate(body, name),
    role,
  };
  return { kind: 'declare', at: locate(body, declaration.parent), variable, value };
}

function initialValue(body: Body, initializer: ts.Expression, annotation: ts.TypeNode | undefined): Expression {
  return annotation
    ? valueFor(body, initializer, typeOfAnnotation(body, annotation))
    : body.lower.expression(initializer);
}

function variableType(
  body: Body,
  declaration: ts.VariableDeclaration,
  name: ts.Identifier,
  value: Expression | null,
  role: 'const' | 'let',
): Type {
  const type = declaration.type ? typeOfAnnotation(body, declaration.type) : value?.type;
  if (!type) return refuse(body, name, SUBSET.annotation, `${name.text} has no type`, `write let ${name.text}: u32;`);
  if (type.kind === 'void' || type.kind === 'never' || type.kind === 'null')
    return refuse(body, declaration, SUBSET.annotation, `${name.text} has no type of the language`);
  if (declaration.type || type.kind !== 'integer') return type;
  if (role === 'let')
    refuse(
      body,
      name,
      SUBSET.annotation,
      `the let ${name.text} has no type`,
      ...typesToWrite(type).map((one) => `write let ${name.text}: ${one}`),
    );
  if (value && type.name === null && type.members === null) return constantType(body, declaration, name, value);
  return value && isOperator(value) ? widened(type) : type;
}

/** The types that a variable may be given whose value has `type`. */
function typesToWrite(type: Type): readonly string[] {
  if (type.kind !== 'integer') return [];
  if (type.name !== null) return [`${spell(type.name)} = ...`];
  const bits = type.javascript === 'bigint' ? 64 : 32;
  return [`u${bits} = ...`, `i${bits} = ... where it may be below 0`];
}

function isOperator({ kind }: Expression): boolean {
  return kind === 'binary' || kind === 'unary' || kind === 'conditional';
}

/** The type of a const whose value is an operator's: on narrow numbers operators give results of 32 bits. */
function widened(type: IntegerType): IntegerType {
  const { name, javascript } = type;
  return name === null || javascript === 'bigint' ? type : integerType(name.startsWith('i') ? 'i32' : 'u32');
}

/** The type of a const whose value is made of literals: the usual one that holds it. */
function constantType(body: Body, node: ts.Node, name: ts.Identifier, value: Expression): IntegerType {
  const known = knownValues(body, node, value);
  if (known === null)
    return refuse(
      body,
      name,
      SUBSET.annotation,
      `no one type holds ${value.text}`,
      ...typesToWrite(value.type).map((one) => `write const ${name.text}: ${one}`),
    );
  const negative = known.some((one) => one < 0n);
  const { javascript } = value.type as IntegerType;
  return integerType(javascript === 'bigint' ? (negative ? 'i64' : 'u64') : negative ? 'i32' : 'u32');
}

/** The values that an expression of literals can have, null where it has others. */
function knownValues(context: Context, node: ts.Node, expression: Expression): readonly bigint[] | null {
  if (expression.kind === 'conditional') {
    const then = knownValues(context, node, expression.then);
    const otherwise = knownValues(context, node, expression.otherwise);
    return then && otherwise && [...then, ...otherwise];
  }
  try {
    const value = evaluate(context, node, expression);
    return typeof value === 'bigint' ? [value] : null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function expressionStatement(body: Body, node: ts.ExpressionStatement): Statement {
  const { expression } = node;
  const at = locate(body, node);
  const assignment = assignmentOf(body, expression) ?? stepOf(body, expression);
  if (assignment) return assignment;
  if (!ts.isCallExpression(expression)) {
    const { code, message, fixes } = describeSyntax(expression);
    const isValue = ts.isIdentifier(expression) || ts.isPropertyAccessExpression(expression);
    return isValue
      ? refuse(body, node, SUBSET.statement, 'this statement does nothing')
      : refuse(body, expression, code, message, ...fixes);
  }
  const call = callOf(body, expression);
  const contract = call && contractOf(body, call, node);
  if (contract) return contract;
  if (call?.name === 'unreachable') return unreachable(body, expression);
  return methodStatement(body, expression) ?? { kind: 'expression', at, expression: body.lower.expression(expression) };
}

function unreachable(body: Body, node: ts.CallExpression): Statement {
  const [argument] = node.arguments;
  const subject = argument && body.lower.expression(argument);
  if (subject?.kind !== 'variable')
    refuse(body, node, SUBSET.contractPlace, 'unreachable() takes the variable that has no value left');
  return { kind: 'unreachable', at: locate(body, node), subject };
}

/** What an access of so many bytes writes. */
const WRITTEN = { 1: integerType('u8'), 2: integerType('u16'), 4: integerType('u32'), 8: integerType('u64') } as const;

/** `array.set(index, value)` and `bytes.setU32(offset, value)`; null for other calls. */
function methodStatement(body: Body, node: ts.CallExpression): Statement | null {
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee)) return null;
  const method = callee.name.text;
  const bytes = WRITES[method];
  const [first, second] = node.arguments;
  if (!first || !second || (bytes === undefined && method !== 'set')) return null;
  const at = locate(body, node);
  const [base, index, plain] = all(
    body,
    () => body.lower.expression(callee.expression),
    () => body.lower.expression(first),
    () => body.lower.expression(second),
  );
  if (base.type.kind === 'bytes' && bytes !== undefined)
    return { kind: 'bytesWrite', at, base, bytes, offset: index, value: valueAs(body, second, plain, WRITTEN[bytes]) };
  if (base.type.kind !== 'reference' || base.type.layout.kind !== 'array' || base.type.layout.element.kind !== 'scalar')
    return refuse(body, node, SUBSET.foreignName, `${textOf(callee)} is not a function of the language`);
  const { element, length } = base.type.layout;
  const type: Type = element.name === 'boolean' ? { kind: 'boolean' } : integerType(element.name);
  const value = valueAs(body, second, plain, type);
  const target = { kind: 'element', type, base, index, length, at, text: textOf(callee.expression) } as const;
  return { kind: 'assign', at, target, value };
}

function ifStatement(body: Body, node: ts.IfStatement): Statement {
  const [test, then, otherwise] = all(
    body,
    () => body.lower.condition(node.expression),
    () => branchOf(body, node.thenStatement),
    () => (node.elseStatement ? branchOf(body, node.elseStatement) : []),
  );
  return { kind: 'if', at: locate(body, node), test, then, otherwise };
}

function forStatement(body: Body, node: ts.ForStatement): Statement {
  const { condition, incrementor } = node;
  const [before, test, update, inner] = all(
    body,
    () => initialOf(body, node.initializer),
    () => (condition ? body.lower.condition(condition) : null),
    () => (incrementor ? [updateOf(body, incrementor)] : []),
    () => loopBody(body, node.statement),
  );
  return { kind: 'loop', at: locate(body, node), before, test, update, body: inner };
}

function initialOf(body: Body, initializer: ts.ForInitializer | undefined): Statement[] {
  if (!initializer) return [];
  return ts.isVariableDeclarationList(initializer) ? declarationsOf(body, initializer) : [updateOf(body, initializer)];
}

function updateOf(body: Body, node: ts.Expression): Statement {
  return (
    assignmentOf(body, node) ??
    stepOf(body, node) ??
    refuse(
      body,
      node,
      SUBSET.assignmentForm,
      'a loop counts with one assignment',
      'write for (let i: u32 = 0; i < n; i++)',
    )
  );
}

function loopBody(body: Body, node: ts.Statement): Statement[] {
  return branchOf({ ...body, breaks: 'loop' }, node);
}

function returnStatement(body: Body, node: ts.ReturnStatement): Statement {
  const at = locate(body, node);
  if (!node.expression) return { kind: 'return', at, value: null };
  if (ts.isCallExpression(node.expression) && callOf(body, node.expression)?.name === 'unreachable')
    return unreachable(body, node.expression);
  const value = body.result ? valueFor(body, node.expression, body.result) : body.lower.expression(node.expression);
  if (value.type.kind === 'never' || value.type.kind === 'void') return { kind: 'expression', at, expression: value };
  return { kind: 'return', at, value };
}
