/** What later steps need to know of refused code: its names, and what a refused statement may have changed. */
import { ts } from 'ts-morph';
import type { Statement, Variable } from '../ir/nodes.js';
import { attempt, type Body, type Context, locate, symbolOf } from './context.js';
import { callOf, libraryName } from './literals.js';

/**
 * Marks the names in `name` as refused until their declaration is lowered. The use of a name that stays refused is not
 * reported again.
 */
export function startAsRefused(context: Context, name: ts.BindingName): readonly ts.Symbol[] {
  const symbols = namesIn(name).flatMap((one) => context.checker.getSymbolAtLocation(one) ?? []);
  for (const symbol of symbols) context.entities.set(symbol, null);
  return symbols;
}

function namesIn(name: ts.BindingName): readonly ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

/** Looks at the blocks of a statement that the language lacks, such as those of `try`, for what else is wrong. */
export function checkBlocks(body: Body, node: ts.Statement): void {
  const visit = (below: ts.Node): void => {
    if (ts.isFunctionLike(below) || ts.isClassLike(below)) return;
    if (ts.isVariableDeclaration(below)) startAsRefused(body, below.name);
    else if (ts.isBlock(below)) body.lower.statements({ ...body, breaks: 'loop' }, [...below.statements]);
    else ts.forEachChild(below, visit);
  };
  ts.forEachChild(node, visit);
}

/** What stands for the statement `node`, which was refused. */
export function refusedStatement(body: Body, node: ts.Statement): Statement {
  return { kind: 'refused', at: locate(body, node), changes: [...changedBelow(body, node)], ends: mayTell(body, node) };
}

/** The variables that `node` may declare or change. */
function changedBelow(context: Context, node: ts.Node): ReadonlySet<Variable> {
  const found = new Set<Variable>();
  const add = (target: ts.Node): void => {
    const symbol = ts.isIdentifier(target) ? symbolOf(context, target) : undefined;
    const entity = symbol && context.entities.get(symbol);
    if (entity?.kind === 'variable') found.add(entity.variable);
    if (!ts.isPropertyAccessExpression(target)) ts.forEachChild(target, add);
  };
  const visit = (below: ts.Node): void => {
    const target = targetOf(below);
    if (target) add(target);
    ts.forEachChild(below, visit);
  };
  visit(node);
  return found;
}

function targetOf(node: ts.Node): ts.Node | null {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment ? node.left : null;
  }
  if (ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)) return node.operand;
  if (ts.isVariableDeclaration(node)) return node.name;
  return ts.isForOfStatement(node) || ts.isForInStatement(node) ? node.initializer : null;
}

/**
 * Whether what follows `node` may rest on more than the variables that it changes: it may leave, as a guard does, be a contract,
 * or call a function that never returns, or that ensures something.
 */
function mayTell(context: Context, node: ts.Node): boolean {
  if (!ts.isVariableStatement(node) && !ts.isExpressionStatement(node)) return true;
  const isTelling = (below: ts.Node): boolean =>
    (ts.isCallExpression(below) && mayEnsure(context, below)) || ts.forEachChild(below, isTelling) === true;
  return isTelling(node);
}

function ensures(context: Context, node: ts.Node): boolean {
  const isEnsures = ts.isCallExpression(node) && callOf(context, node)?.name === 'ensures';
  return isEnsures || ts.forEachChild(node, (below) => ensures(context, below)) === true;
}

const CONTRACTS: ReadonlySet<string> = new Set(['requires', 'ensures', 'invariant', 'effects', 'unreachable']);

function mayEnsure(context: Context, node: ts.CallExpression): boolean {
  const { flags } = context.checker.getTypeAtLocation(node);
  if (flags & ts.TypeFlags.Never) return true;
  const library = ts.isIdentifier(node.expression) ? libraryName(symbolOf(context, node.expression)) : null;
  if (library !== null) return CONTRACTS.has(library);
  if (ts.isPropertyAccessExpression(node.expression) || flags & ts.TypeFlags.Void) return false;
  const callee = node.expression;
  const entity = ts.isIdentifier(callee) ? attempt(context, () => context.entity(callee)) : null;
  return entity?.kind !== 'function' || ensures(context, entity.declaration);
}
