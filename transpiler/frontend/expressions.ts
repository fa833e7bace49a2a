/** Expressions, from TypeScript's tree to the language's. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { BinaryOperator, CompareOperator, Expression } from '../ir/nodes.js';
import type { IntegerName, IntegerType, Type } from '../ir/types.js';
import { callExpression } from './calls.js';
import { all, type Context, refuse, textOf } from './context.js';
import { elementAccess, memberExpression } from './members.js';
import { binaryType, checkComparable, conditionalType, integerTypeOf } from './operators.js';
import { BOOLEAN, ofType, placed } from './placing.js';
import { describeSyntax } from './syntax.js';

const BINARY: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map([
  [ts.SyntaxKind.PlusToken, '+'],
  [ts.SyntaxKind.MinusToken, '-'],
  [ts.SyntaxKind.AsteriskToken, '*'],
  [ts.SyntaxKind.SlashToken, '/'],
  [ts.SyntaxKind.PercentToken, '%'],
  [ts.SyntaxKind.AmpersandToken, '&'],
  [ts.SyntaxKind.BarToken, '|'],
  [ts.SyntaxKind.CaretToken, '^'],
  [ts.SyntaxKind.LessThanLessThanToken, '<<'],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, '>>'],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken, '>>>'],
]);

const COMPARE: ReadonlyMap<ts.SyntaxKind, CompareOperator> = new Map([
  [ts.SyntaxKind.LessThanToken, '<'],
  [ts.SyntaxKind.LessThanEqualsToken, '<='],
  [ts.SyntaxKind.GreaterThanToken, '>'],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>='],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '==='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '!=='],
]);

/** Results of these count modulo a power of two where a cast directly above says so. */
const MODULAR: ReadonlySet<BinaryOperator> = new Set(['+', '-', '*', '&', '|', '^', '<<']);

/** The boolean expression at `node`. */
export function conditionOf(context: Context, node: ts.Expression): Expression {
  const condition = context.lower.expression(node);
  if (condition.type.kind !== 'boolean')
    refuse(
      context,
      node,
      SUBSET.truthiness,
      `${condition.text} is not boolean`,
      condition.type.kind === 'integer'
        ? `compare it: ${condition.text} !== 0`
        : `compare it: ${condition.text} !== null`,
    );
  return condition;
}

/** The expression at `node`. `modulus` is the cast whose modular context the expression stands in, null where values are exact. */
export function expressionOf(context: Context, node: ts.Expression, modulus: IntegerName | null): Expression {
  if (ts.isParenthesizedExpression(node)) return context.lower.expression(node.expression, modulus);
  if (ts.isNumericLiteral(node)) return integerLiteral(context, node, 'number');
  if (ts.isBigIntLiteral(node)) return integerLiteral(context, node, 'bigint');
  if (ts.isStringLiteral(node)) return stringLiteral(context, node);
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword)
    return placed(context, node, { kind: 'boolean', type: BOOLEAN, value: node.kind === ts.SyntaxKind.TrueKeyword });
  if (node.kind === ts.SyntaxKind.NullKeyword) return placed(context, node, { kind: 'null', type: { kind: 'null' } });
  if (ts.isIdentifier(node)) return nameExpression(context, node);
  if (ts.isPropertyAccessExpression(node)) return memberExpression(context, node);
  if (ts.isElementAccessExpression(node)) return elementAccess(context, node);
  if (ts.isCallExpression(node)) return callExpression(context, node);
  if (ts.isPrefixUnaryExpression(node)) return unaryExpression(context, node, modulus);
  if (ts.isBinaryExpression(node)) return binaryExpression(context, node, modulus);
  if (ts.isConditionalExpression(node)) return conditionalExpression(context, node, modulus);
  const { code, message, fixes } = describeSyntax(node);
  return refuse(context, node, code, message, ...fixes);
}

function integerLiteral(context: Context, node: ts.NumericLiteral | ts.BigIntLiteral, javascript: 'number' | 'bigint') {
  const digits = node.text.replace(/n$/, '');
  if (!/^(0[xob])?[0-9a-f]+$/i.test(digits))
    return refuse(
      context,
      node,
      SUBSET.expression,
      `${textOf(node)} is not an integer`,
      'the language has no fractions',
    );
  const value = BigInt(digits);
  if (javascript === 'number' && value > BigInt(Number.MAX_SAFE_INTEGER))
    refuse(context, node, SUBSET.constantValue, `no number is ${textOf(node)}`, `write ${textOf(node)}n`);
  const type: IntegerType = { kind: 'integer', javascript, name: null, members: null };
  return placed(context, node, { kind: 'integer', type, value });
}

function stringLiteral(context: Context, node: ts.StringLiteral): Expression {
  for (const character of node.text) {
    if (character.charCodeAt(0) > 0x7e)
      refuse(context, node, SUBSET.notAscii, `${JSON.stringify(character)} is not ASCII`, 'strings hold ASCII only');
  }
  return placed(context, node, { kind: 'string', type: { kind: 'string' }, value: node.text });
}

function nameExpression(context: Context, node: ts.Identifier): Expression {
  if (node.text === 'undefined') refuse(context, node, SUBSET.expression, 'the language has null, not undefined');
  const entity = context.entity(node);
  switch (entity.kind) {
    case 'variable':
      return placed(context, node, { kind: 'variable', type: entity.variable.type, variable: entity.variable });
    case 'constant':
      return placed(context, node, { kind: 'constant', type: entity.constant.type, constant: entity.constant });
    case 'instance': {
      const { instance } = entity;
      const type: Type = { kind: 'reference', layout: instance.layout, nullable: false };
      return placed(context, node, { kind: 'instance', type, instance });
    }
    case 'function':
    case 'intrinsic':
      return refuse(
        context,
        node,
        SUBSET.functionValue,
        `the function ${node.text} is not a value`,
        'call it, or put it in a table(...)',
      );
    default:
      return refuse(context, node, SUBSET.expression, `${node.text} is not a value that can be kept or passed`);
  }
}

function unaryExpression(context: Context, node: ts.PrefixUnaryExpression, modulus: IntegerName | null): Expression {
  switch (node.operator) {
    case ts.SyntaxKind.ExclamationToken:
      return placed(context, node, { kind: 'not', type: BOOLEAN, operand: context.lower.condition(node.operand) });
    case ts.SyntaxKind.MinusToken:
    case ts.SyntaxKind.TildeToken: {
      const operand = context.lower.expression(node.operand, modulus);
      const type = integerTypeOf(context, node.operand, operand);
      if (node.operator === ts.SyntaxKind.MinusToken && operand.kind === 'integer')
        return placed(context, node, { kind: 'integer', type, value: -operand.value });
      return placed(context, node, {
        kind: 'unary',
        type,
        operator: node.operator === ts.SyntaxKind.MinusToken ? '-' : '~',
        operand,
        wraps: isModular(modulus, type),
      });
    }
    default: {
      const { code, message, fixes } = describeSyntax(node);
      return refuse(context, node, code, message, ...fixes);
    }
  }
}

/** Whether an operator with results of `type` wraps below the cast to `modulus`: not where JavaScript widens first. */
function isModular(modulus: IntegerName | null, type: IntegerType): boolean {
  if (modulus === null) return false;
  return type.javascript === 'bigint' || /^[ui](8|16|32)$/.test(modulus);
}

function binaryExpression(context: Context, node: ts.BinaryExpression, modulus: IntegerName | null): Expression {
  const { kind } = node.operatorToken;
  const comparison = COMPARE.get(kind);
  if (comparison !== undefined) return compareExpression(context, node, comparison);
  if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken) {
    const operator = kind === ts.SyntaxKind.BarBarToken ? '||' : '&&';
    const [left, right] = all(
      context,
      () => context.lower.condition(node.left),
      () => context.lower.condition(node.right),
    );
    return placed(context, node, { kind: 'logical', type: BOOLEAN, operator, left, right });
  }
  const operator = BINARY.get(kind);
  if (operator === undefined) {
    const { code, message, fixes } = describeSyntax(node);
    return refuse(context, node, code, message, ...fixes);
  }
  return arithmetic(context, node, operator, modulus);
}

function arithmetic(
  context: Context,
  node: ts.BinaryExpression,
  operator: BinaryOperator,
  modulus: IntegerName | null,
): Expression {
  const inner = MODULAR.has(operator) ? modulus : null;
  const [left, right] = all(
    context,
    () => context.lower.expression(node.left, inner),
    () => context.lower.expression(node.right, operator === '<<' ? null : inner),
  );
  return operatorExpression(context, node, operator, left, right, modulus);
}

/** `left operator right`, with operands that are lowered already. */
export function operatorExpression(
  context: Context,
  node: ts.BinaryExpression | ts.PrefixUnaryExpression | ts.PostfixUnaryExpression,
  operator: BinaryOperator,
  left: Expression,
  right: Expression,
  modulus: IntegerName | null,
): Expression {
  const leftType = integerTypeOf(context, node, left);
  const rightType = integerTypeOf(context, node, right);
  const type = binaryType(context, node, operator, leftType, rightType);
  const wraps = MODULAR.has(operator) && isModular(modulus, type);
  return placed(context, node, { kind: 'binary', type, operator, left, right, wraps });
}

function compareExpression(context: Context, node: ts.BinaryExpression, operator: CompareOperator): Expression {
  const [left, right] = all(
    context,
    () => context.lower.expression(node.left),
    () => context.lower.expression(node.right),
  );
  const isEquality = operator === '===' || operator === '!==';
  if (isEquality && (left.kind === 'null' || right.kind === 'null')) {
    const operand = left.kind === 'null' ? right : left;
    if (operand.type.kind !== 'reference' && operand.type.kind !== 'bytes')
      refuse(context, node, SUBSET.notComparable, `${operand.text} is never null`);
    return placed(context, node, { kind: 'isNull', type: BOOLEAN, operand, negated: operator === '!==' });
  }
  if (isEquality && left.type.kind === 'boolean' && right.type.kind === 'boolean')
    return placed(context, node, { kind: 'compare', type: BOOLEAN, operator, left, right });
  if (left.type.kind !== 'integer' || right.type.kind !== 'integer')
    return refuse(
      context,
      node,
      SUBSET.notComparable,
      `${left.text} and ${right.text} do not compare`,
      'compare integers, or with null',
    );
  checkComparable(context, node, left.type, right.type);
  return placed(context, node, { kind: 'compare', type: BOOLEAN, operator, left, right });
}

function conditionalExpression(
  context: Context,
  node: ts.ConditionalExpression,
  modulus: IntegerName | null,
): Expression {
  const [test, then, otherwise] = all(
    context,
    () => context.lower.condition(node.condition),
    () => context.lower.expression(node.whenTrue, modulus),
    () => context.lower.expression(node.whenFalse, modulus),
  );
  const type = alternativesType(context, node, then.type, otherwise.type);
  const wraps = type.kind === 'integer' && isModular(modulus, type);
  return placed(context, node, {
    kind: 'conditional',
    type,
    test,
    then: ofType(then, type),
    otherwise: ofType(otherwise, type),
    wraps,
  });
}

function alternativesType(context: Context, node: ts.Node, then: Type, otherwise: Type): Type {
  if (then.kind === 'integer' && otherwise.kind === 'integer') return conditionalType(context, node, then, otherwise);
  if (then.kind === 'null' && 'nullable' in otherwise) return { ...otherwise, nullable: true };
  if (otherwise.kind === 'null' && 'nullable' in then) return { ...then, nullable: true };
  if (then.kind === 'reference' && otherwise.kind === 'reference' && then.layout === otherwise.layout)
    return { ...then, nullable: then.nullable || otherwise.nullable };
  if (then.kind === otherwise.kind && then.kind !== 'reference') return then;
  return refuse(context, node, SUBSET.expression, 'the two alternatives are of different types');
}
