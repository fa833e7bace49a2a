/** What the names of a program stand for: module-level declarations, each evaluated once. */
import { ts } from 'ts-morph';
import { SUBSET } from '../diagnostics/subset.js';
import { attempt, type Context, type Entity, refuse, refuseSilently, symbolOf, textOf } from './context.js';
import { constantDeclaration } from './declarations.js';
import { functionSignature } from './functions.js';
import { intrinsicOf } from './intrinsics.js';
import { libraryName } from './literals.js';
import { libraryDeclarations } from './sources/load.js';

/** What the identifier `node` stands for. */
export function entityOf(context: Context, node: ts.Identifier): Entity {
  const symbol = symbolOf(context, node);
  const declaration = symbol?.valueDeclaration;
  if (!symbol || !declaration) return refuseSilently();
  if (ts.isSourceFile(declaration))
    return refuse(
      context,
      node,
      SUBSET.declarationForm,
      `${node.text} is a module, which is not a value`,
      'import its names: import { NAME } from ...',
    );
  if (libraryName(symbol) === null && !context.modules.has(declaration.getSourceFile().fileName)) {
    return refuse(
      context,
      node,
      SUBSET.foreignName,
      `${node.text} is declared outside the program and the library`,
      'use only what the program and transpiler/lib declare',
    );
  }
  return entityOfSymbol(context, symbol, declaration) ?? refuseSilently();
}

/** What a declared symbol stands for; null where its declaration is refused. */
export function entityOfSymbol(context: Context, symbol: ts.Symbol, declaration: ts.Declaration): Entity | null {
  const known = context.entities.get(symbol);
  if (known !== undefined) return known;
  context.entities.set(symbol, null);
  const entity = attempt(context, () => declared(context, symbol, declaration));
  context.entities.set(symbol, entity);
  return entity;
}

function declared(context: Context, symbol: ts.Symbol, declaration: ts.Declaration): Entity {
  const file = declaration.getSourceFile().fileName;
  const library = libraryName(symbol);
  if (library !== null && file !== libraryDeclarations()) return { kind: 'library', name: library };
  if (ts.isFunctionDeclaration(declaration)) return functionSignature(context, declaration);
  if (ts.isBindingElement(declaration)) return { kind: 'intrinsic', intrinsic: intrinsicOf(context, declaration) };
  if (ts.isVariableDeclaration(declaration)) return constantDeclaration(context, declaration);
  return refuse(
    context,
    declaration,
    SUBSET.declarationForm,
    `${textOf(declaration)} is not a declaration of the language`,
  );
}
