/** Expressions, from TypeScript's tree to the language's. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { BinaryOperator, CompareOperator, Expression } from '../ir/nodes.js';
import type { IntegerName, IntegerType, Layout, Type } from '../ir/types.js';
import { callExpression } from './calls.js';
import { type Context, locate, refuse, textOf } from './context.js';
import { entityOf } from './entities.js';
import { elementAccess, memberExpression } from './members.js';
import { binaryType, checkComparable, checkSpace, conditionalType, integerTypeOf } from './operators.js';
import { describeSyntax } from './syntax.js';

/** An expression without its place and text. */
type Unplaced<E> = E extends unknown ? Omit<E, 'at' | 'text' | 'range'> : never;

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

export const BOOLEAN: Type = { kind: 'boolean' };

/** Adds place and text of `node` to `expression`. */
export function placed<E extends Unplaced<Expression>>(context: Context, node: ts.Node, expression: E): Expression {
  return { ...expression, at: locate(context, node), text: textOf(node) };
}

/** The expression at `node`, whose value is exact. */
export function expressionOf(context: Context, node: ts.Expression): Expression {
  return lower(context, node, null);
}

/** The expression at `node`, directly below the cast to `modulus`. */
export function castOperandOf(context: Context, node: ts.Expression, modulus: IntegerName): Expression {
  return lower(context, node, modulus);
}

/** The boolean expression at `node`. */
export function conditionOf(context: Context, node: ts.Expression): Expression {
  const condition = expressionOf(context, node);
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

/** `modulus` is the cast whose modular context the expression stands in, null where values are exact. */
function lower(context: Context, node: ts.Expression, modulus: IntegerName | null): Expression {
  if (ts.isParenthesizedExpression(node)) return lower(context, node.expression, modulus);
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
  const entity = entityOf(context, node);
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
      return placed(context, node, { kind: 'not', type: BOOLEAN, operand: conditionOf(context, node.operand) });
    case ts.SyntaxKind.MinusToken:
    case ts.SyntaxKind.TildeToken: {
      const operand = lower(context, node.operand, modulus);
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
    return placed(context, node, {
      kind: 'logical',
      type: BOOLEAN,
      operator: kind === ts.SyntaxKind.BarBarToken ? '||' : '&&',
      left: conditionOf(context, node.left),
      right: conditionOf(context, node.right),
    });
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
  const left = lower(context, node.left, inner);
  const right = lower(context, node.right, operator === '<<' ? null : inner);
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
  const left = expressionOf(context, node.left);
  const right = expressionOf(context, node.right);
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
  const test = conditionOf(context, node.condition);
  const then = lower(context, node.whenTrue, modulus);
  const otherwise = lower(context, node.whenFalse, modulus);
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

/**
 * The expression at `node`, to be stored to or passed as a `target`: null is of that type then,
 * and an integer of no other address space.
 */
export function valueFor(context: Context, node: ts.Expression, target: Type): Expression {
  const value = expressionOf(context, node);
  if (target.kind === 'integer' && value.type.kind === 'integer') checkSpace(context, node, target, value.type);
  if (target.kind === 'reference') checkLayout(context, node, target.layout, value);
  return ofType(value, target);
}

/** Refuses a reference to memory of another layout than `wanted`, which TypeScript may take for one of it. */
function checkLayout(context: Context, node: ts.Node, wanted: Layout, { kind, type, text }: Expression): void {
  if (kind === 'null' || type.kind === 'never' || (type.kind === 'reference' && type.layout === wanted)) return;
  refuse(
    context,
    node,
    SUBSET.otherLayout,
    `${text} is of another layout than what is wanted here`,
    'declare both with the same layout',
  );
}

/** `value`, where a null literal is of the type `target`. */
function ofType(value: Expression, target: Type): Expression {
  return value.kind === 'null' ? { ...value, type: target } : value;
}
