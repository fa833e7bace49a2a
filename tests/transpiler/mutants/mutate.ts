/** Weakens one guard, bound or contract of a program. */
import ts from 'typescript';
import type { Draw } from '../random/draw.js';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

const LOOSER: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
]);
/** Operators whose right operand bounds their result. */
const BOUNDING: ReadonlySet<ts.SyntaxKind> = new Set([
  ...LOOSER.keys(),
  ts.SyntaxKind.AmpersandToken,
  ts.SyntaxKind.PercentToken,
  ts.SyntaxKind.LessThanLessThanToken,
  ts.SyntaxKind.GreaterThanGreaterThanToken,
]);
const CONTRACTS: ReadonlySet<string> = new Set(['requires', 'ensures', 'invariant']);
const CASTS: ReadonlySet<string> = new Set(['u8', 'u16', 'u32', 'i32', 'u64', 'i64']);

/** The program with one edit; null where nothing in it can be weakened. */
export function mutate(text: string, draw: Draw): string | null {
  const file = ts.createSourceFile('mutant.ts', text, ts.ScriptTarget.ES2023, true);
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    edits.push(...editsOf(node));
    ts.forEachChild(node, visit);
  };
  visit(file);
  if (edits.length === 0) return null;
  const { start, end, by } = draw.pick(edits);
  return `${text.slice(0, start)}${by}${text.slice(end)}`;
}

function editsOf(node: ts.Node): readonly Edit[] {
  if (ts.isBinaryExpression(node)) return ofOperator(node);
  if (ts.isIfStatement(node)) return ofGuard(node);
  if (ts.isExpressionStatement(node) && isCallOf(node.expression, CONTRACTS)) return [replaced(node, '')];
  if (ts.isCallExpression(node)) return ofCall(node);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return [replaced(node, node.operand.getText())];
  return [];
}

function ofOperator(node: ts.BinaryExpression): readonly Edit[] {
  const { left, operatorToken, right } = node;
  const looser = LOOSER.get(operatorToken.kind);
  const isLogical =
    operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken || operatorToken.kind === ts.SyntaxKind.BarBarToken;
  return [
    ...(looser === undefined ? [] : [replaced(operatorToken, looser)]),
    ...(isLogical ? [replaced(node, left.getText()), replaced(node, right.getText())] : []),
    ...(BOUNDING.has(operatorToken.kind) ? ofBound(right) : []),
  ];
}

/** A bound that is one more, one less, or twice as large. */
function ofBound(node: ts.Expression): readonly Edit[] {
  if (!ts.isNumericLiteral(node) && !ts.isBigIntLiteral(node)) return [];
  const value = BigInt(node.text.replace(/n$/, ''));
  const suffix = ts.isBigIntLiteral(node) ? 'n' : '';
  return [value + 1n, value - 1n, value * 2n + 1n]
    .filter((bound) => bound >= 0n)
    .map((bound) => replaced(node, `${bound}${suffix}`));
}

/** A guard that is gone, with what it led to or without. */
function ofGuard(node: ts.IfStatement): readonly Edit[] {
  if (node.elseStatement) return [];
  return [replaced(node, ''), replaced(node, `{ ${node.thenStatement.getText()} }`)];
}

/** A cast that is gone, and a list or an array with an element less. */
function ofCall(node: ts.CallExpression): readonly Edit[] {
  const [first, second] = node.arguments;
  if (first && isCallOf(node, CASTS)) return [replaced(node, `(${first.getText()})`)];
  if (second && ts.isNumericLiteral(second) && isCallOf(node, new Set(['arr'])))
    return [replaced(second, String(Math.max(1, Number(second.text) - 1)))];
  if (!second || !ts.isArrayLiteralExpression(second) || !isCallOf(node, new Set(['list']))) return [];
  const kept = second.elements.slice(0, -1).map((element) => element.getText());
  return kept.length > 0 ? [replaced(second, `[${kept.join(', ')}]`)] : [];
}

function isCallOf(node: ts.Expression, names: ReadonlySet<string>): boolean {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && names.has(node.expression.text);
}

function replaced(node: ts.Node, by: string): Edit {
  return { start: node.getStart(), end: node.getEnd(), by };
}
