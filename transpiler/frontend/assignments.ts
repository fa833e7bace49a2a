/** Assignments, which are statements: `=`, `+=` and the like, `++` and `--`. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import type { BinaryOperator, Expression, Statement, Target } from '../ir/nodes.js';
import { effectOf } from '../ir/evaluation.js';
import { reachesVolatile } from '../ir/volatile.js';
import { all, type Context, locate, refuse, textOf } from './context.js';
import { asOperand } from '../ir/spelling.js';
import { operatorExpression } from './expressions.js';
import { placed, valueAs } from './placing.js';

const COMPOUND: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map([
  [ts.SyntaxKind.PlusEqualsToken, '+'],
  [ts.SyntaxKind.MinusEqualsToken, '-'],
  [ts.SyntaxKind.AsteriskEqualsToken, '*'],
  [ts.SyntaxKind.SlashEqualsToken, '/'],
  [ts.SyntaxKind.PercentEqualsToken, '%'],
  [ts.SyntaxKind.AmpersandEqualsToken, '&'],
  [ts.SyntaxKind.BarEqualsToken, '|'],
  [ts.SyntaxKind.CaretEqualsToken, '^'],
  [ts.SyntaxKind.LessThanLessThanEqualsToken, '<<'],
  [ts.SyntaxKind.GreaterThanGreaterThanEqualsToken, '>>'],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken, '>>>'],
]);

/** The assignment that `node` is, null where it is none. */
export function assignmentOf(context: Context, node: ts.Expression): Statement | null {
  if (!ts.isBinaryExpression(node)) return null;
  const { kind } = node.operatorToken;
  const at = locate(context, node);
  if (kind === ts.SyntaxKind.EqualsToken) {
    const [target, plain] = all(
      context,
      () => targetOf(context, node.left),
      () => context.lower.expression(node.right),
    );
    const value = valueAs(context, node.right, plain, target.type);
    if (value.kind === 'binary' || value.kind === 'unary') checkIsNoEnum(context, node, target);
    return { kind: 'assign', at, target, value };
  }
  const operator = COMPOUND.get(kind);
  if (operator === undefined) return null;
  const [target, right] = all(
    context,
    () => compoundTarget(context, node.left),
    () => context.lower.expression(node.right),
  );
  return { kind: 'assign', at, target, value: computed(context, node, operator, target, right) };
}

/** `target++` and `target--`, null for other expressions. */
export function stepOf(context: Context, node: ts.Expression): Statement | null {
  if (!ts.isPostfixUnaryExpression(node) && !ts.isPrefixUnaryExpression(node)) return null;
  const { operator } = node;
  if (operator !== ts.SyntaxKind.PlusPlusToken && operator !== ts.SyntaxKind.MinusMinusToken) return null;
  const target = compoundTarget(context, node.operand);
  const wide = target.type.kind === 'integer' && target.type.javascript === 'bigint';
  const one = placed(context, node, {
    kind: 'integer',
    type: { kind: 'integer', javascript: wide ? 'bigint' : 'number', name: null, members: null },
    value: 1n,
  });
  const sign = operator === ts.SyntaxKind.PlusPlusToken ? '+' : '-';
  const value = computed(context, node, sign, target, { ...one, text: wide ? '1n' : '1' });
  return { kind: 'assign', at: locate(context, node), target, value };
}

/** What a compound assignment gives its target, with the text that says so in an `=`. */
function computed(
  context: Context,
  node: Parameters<typeof operatorExpression>[1],
  operator: BinaryOperator,
  target: Target,
  right: Expression,
): Expression {
  const text = `${target.text} ${operator} ${asOperand(right.text)}`;
  return { ...operatorExpression(context, node, operator, target, right, null), text };
}

function targetOf(context: Context, node: ts.Expression): Target {
  const target = context.lower.expression(node);
  switch (target.kind) {
    case 'variable':
      if (target.variable.type.kind === 'reference' && target.variable.role === 'parameter')
        refuse(
          context,
          node,
          SUBSET.assignmentForm,
          `${target.text} is a parameter: a reference keeps what it points to`,
        );
      return target;
    case 'field':
    case 'bits':
      if (target.type.kind === 'reference')
        refuse(
          context,
          node,
          SUBSET.assignmentForm,
          `${target.text} is part of its memory, not a value that can be replaced`,
        );
      return target;
    default:
      return refuse(
        context,
        node,
        SUBSET.assignmentForm,
        `${textOf(node)} cannot be assigned to`,
        'an element is written with set(index, value)',
      );
  }
}

/** The target of an assignment that reads it first: evaluated twice in C, so it is free of effects. */
function compoundTarget(context: Context, node: ts.Expression): Target {
  const target = targetOf(context, node);
  checkIsNoEnum(context, node, target);
  if (target.kind === 'variable') return target;
  if (reachesVolatile(target))
    refuse(
      context,
      node,
      SUBSET.volatileAccess,
      `${target.text} is volatile: this reads and writes it`,
      'read it into a const, then write it, in two statements',
    );
  if (effectOf(target) === 'acts')
    refuse(
      context,
      node,
      SUBSET.effectfulTarget,
      `what leads to ${target.text} calls a function, or reads volatile memory`,
      'keep the reference, or the index, in a const first',
    );
  return target;
}

/** Refuses the result of an operator where an enum is kept: it may be no member, and TypeScript lets it pass in an assignment. */
function checkIsNoEnum(context: Context, node: ts.Node, { type, text }: Target): void {
  if (type.kind !== 'integer' || type.members === null) return;
  refuse(
    context,
    node,
    SUBSET.assignmentForm,
    `${text} is one of ${type.members.join(', ')}, which the result of an operator may not be`,
    'assign a member by its name, or declare a u32',
  );
}
