/**
 * Files that import each other in a circle. JavaScript evaluates one of them before its imports have values, and which one
 * depends on the file that is loaded first. So the value of a constant must not need a constant of another file of its circle.
 */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { type Context, locate, symbolOf } from './context.js';

type Imports = ReadonlyMap<ts.SourceFile, ReadonlySet<ts.SourceFile>>;

/** Reports each name that a module-level declaration takes from another file of a circle. */
export function checkCircles(context: Context, files: readonly ts.SourceFile[]): void {
  const reached = reachedFrom(importsOf(context, files));
  for (const file of files) {
    if (!reached.get(file)?.has(file)) continue;
    const isInCircle = (other: ts.SourceFile): boolean =>
      reached.get(file)?.has(other) === true && reached.get(other)?.has(file) === true;
    for (const statement of file.statements) {
      if (ts.isVariableStatement(statement)) checkNames(context, statement, isInCircle);
    }
  }
}

function checkNames(context: Context, node: ts.Node, isInCircle: (file: ts.SourceFile) => boolean): void {
  if (ts.isTypeNode(node)) return;
  if (ts.isIdentifier(node) && isImported(context, node)) {
    const declaration = symbolOf(context, node)?.valueDeclaration;
    if (declaration && ts.isVariableDeclaration(declaration) && isInCircle(declaration.getSourceFile()))
      context.report({
        code: SUBSET.importCircle.code,
        at: locate(context, node),
        message: `${node.text} may not be there yet: its file imports this one, directly or by way of others`,
        known: [],
        fixes: [`move ${node.text} to a file that imports neither`],
      });
  }
  ts.forEachChild(node, (child) => checkNames(context, child, isInCircle));
}

function isImported({ checker }: Context, node: ts.Identifier): boolean {
  const symbol =
    ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
  return symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0;
}

/** The files that each file imports values from: JavaScript evaluates them first. */
function importsOf(context: Context, files: readonly ts.SourceFile[]): Imports {
  const all = new Set(files);
  return new Map(
    files.map((file) => {
      const specifiers = file.statements.flatMap((statement) => {
        if (ts.isImportDeclaration(statement) && !statement.importClause?.isTypeOnly)
          return [statement.moduleSpecifier];
        if (ts.isExportDeclaration(statement) && !statement.isTypeOnly && statement.moduleSpecifier)
          return [statement.moduleSpecifier];
        return [];
      });
      const imported = specifiers
        .flatMap((specifier) => context.checker.getSymbolAtLocation(specifier)?.declarations ?? [])
        .filter((declaration) => ts.isSourceFile(declaration))
        .filter((declaration) => all.has(declaration));
      return [file, new Set(imported)];
    }),
  );
}

function reachedFrom(imports: Imports): Imports {
  return new Map(
    [...imports.keys()].map((file) => {
      const reached = new Set<ts.SourceFile>();
      const waiting = [...(imports.get(file) ?? [])];
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        if (reached.has(next)) continue;
        reached.add(next);
        waiting.push(...(imports.get(next) ?? []));
      }
      return [file, reached];
    }),
  );
}
