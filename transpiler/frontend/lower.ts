/** From checked sources to the typed program. */
import { SUBSET } from '../diagnostics/subset.js';
import { basename } from 'node:path';
import { ts } from 'ts-morph';
import type { Diagnostic, Report } from '../diagnostics/diagnostic.js';
import type { Function, IntrinsicFunction, Module, Program } from '../ir/nodes.js';
import { checkCircles } from './circles.js';
import { attempt, type Context, type Entity, refuse } from './context.js';
import { functionNamed } from './declarations.js';
import { entityOf, entityOfSymbol } from './entities.js';
import { conditionOf, expressionOf } from './expressions.js';
import { lowerBody } from './functions.js';
import { callOf, propertiesOf } from './literals.js';
import { libraryDeclarations, libraryFolder, type Sources } from './sources/load.js';
import { statementsOf } from './statements.js';
import { describeSyntax } from './syntax.js';

/**
 * The program of `sources`. What is outside the language is reported and left out, so the later
 * passes still see the rest.
 */
export function lower(sources: Sources, report: Report): Program {
  const library = libraryModule();
  const modules = sources.files.map((file) => moduleOfFile(sources.folder, file));
  const context: Context = {
    folder: sources.folder,
    checker: sources.checker,
    report: once(report),
    modules: new Map([
      [libraryDeclarations(), library],
      ...sources.files.map((file, index) => [file.fileName, modules[index]] as [string, Module]),
    ]),
    entities: new Map(),
    layouts: new Map(),
    lower: {
      expression: (node, modulus = null) => expressionOf(context, node, modulus),
      condition: (node) => conditionOf(context, node),
      statements: statementsOf,
    },
    entity: (name) => entityOf(context, name),
  };
  checkCircles(context, sources.files);
  const entries = new Map<string, Function>();
  const declared = sources.files.flatMap((file) => file.statements.flatMap((node) => declare(context, node, entries)));
  declareLibrary(context, sources);
  for (const entity of declared) {
    if (entity.kind === 'function' && lowerBody(context, entity.function, entity.declaration))
      entity.function.module.functions.push(entity.function);
  }
  for (const [symbol, entry] of entries) entry.entry = symbol;
  const all = [library, ...modules];
  return {
    modules: all,
    intrinsics: intrinsicsOf(context),
    entries: entriesOf(modules, entries),
    layouts: [...context.layouts.values()],
  };
}

function moduleOfFile(folder: string, file: ts.SourceFile): Module {
  const path = file.fileName.slice(folder.length + 1);
  return newModule(path.replace(/\.ts$/, ''), `${basename(folder)}/${path}`);
}

function libraryModule(): Module {
  return newModule('lib/x86', 'transpiler/lib/x86.ts');
}

function newModule(name: string, file: string): Module {
  return { name, file, functions: [], constants: [], lists: [], tables: [], instances: [], structs: [] };
}

/** Reports each finding once, however often its cause is met. */
function once(report: Report): Report {
  const seen = new Set<string>();
  return (diagnostic: Diagnostic) => {
    const { code, at } = diagnostic;
    const key = `${code} ${at.file} ${at.line} ${at.column}`;
    if (!seen.has(key)) report(diagnostic);
    seen.add(key);
  };
}

/** What a top-level statement declares. Entry points go to `entries`, by symbol. */
function declare(context: Context, node: ts.Statement, entries: Map<string, Function>): Entity[] {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    attempt(context, () => checkImport(context, node));
    return [];
  }
  if (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isEmptyStatement(node)) return [];
  if (ts.isFunctionDeclaration(node)) return entitiesOf(context, [node]);
  if (ts.isVariableStatement(node)) {
    const { declarations } = node.declarationList;
    for (const declaration of declarations) attempt(context, () => collectEntries(context, declaration, entries));
    const names = declarations.flatMap((declaration): Named[] =>
      ts.isObjectBindingPattern(declaration.name) ? [...declaration.name.elements] : [declaration],
    );
    return entitiesOf(context, names);
  }
  attempt(context, () => {
    const { code, message, fixes } = describeSyntax(node);
    return ts.isExpressionStatement(node)
      ? refuse(context, node, SUBSET.statement, 'nothing runs at the top level of a module', 'put it in a function')
      : refuse(context, node, code, message, ...fixes);
  });
  return [];
}

type Named = ts.FunctionDeclaration | ts.VariableDeclaration | ts.BindingElement;

function entitiesOf(context: Context, declarations: readonly Named[]): Entity[] {
  return declarations.flatMap((declaration) => {
    const symbol = declaration.name && context.checker.getSymbolAtLocation(declaration.name);
    return (symbol && entityOfSymbol(context, symbol, declaration)) ?? [];
  });
}

function checkImport(context: Context, node: ts.ImportDeclaration | ts.ExportDeclaration): void {
  const specifier = node.moduleSpecifier;
  if (!specifier) return;
  const file = context.checker.getSymbolAtLocation(specifier)?.declarations?.[0]?.getSourceFile().fileName;
  if (file === undefined || context.modules.has(file) || file.startsWith(libraryFolder())) return;
  refuse(
    context,
    specifier,
    SUBSET.foreignImport,
    `${specifier.getText()} is outside the program and the library`,
    'import only from the program and from transpiler/lib',
  );
}

function collectEntries(context: Context, declaration: ts.VariableDeclaration, entries: Map<string, Function>): void {
  const call = declaration.initializer ? callOf(context, declaration.initializer) : null;
  const [table] = call?.node.arguments ?? [];
  if (call?.name !== 'entryPoints' || !table) return;
  if (entries.size > 0) refuse(context, declaration, SUBSET.duplicateName, 'a program has one entryPoints({...})');
  for (const { name, node, value } of propertiesOf(context, table)) {
    const fn = functionNamed(context, value);
    if ([...entries.values()].includes(fn))
      refuse(context, node, SUBSET.duplicateName, `${fn.name} is an entry point already`, 'a function has one symbol');
    entries.set(name, fn);
  }
}

/** The library's own layouts, which the platform's headers name, are in every program. */
function declareLibrary(context: Context, sources: Sources): void {
  const file = sources.x86;
  for (const node of file?.statements ?? []) {
    if (ts.isVariableStatement(node))
      entitiesOf(
        context,
        node.declarationList.declarations.filter((one) => ts.isIdentifier(one.name)),
      );
  }
}

function intrinsicsOf(context: Context): IntrinsicFunction[] {
  return [...context.entities.values()]
    .flatMap((entity) => (entity?.kind === 'intrinsic' ? [entity.intrinsic] : []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Without entryPoints({...}), each exported function is an entry. */
function entriesOf(modules: readonly Module[], entries: ReadonlyMap<string, Function>): Function[] {
  if (entries.size > 0) return [...entries.values()];
  return modules.flatMap((module) => module.functions.filter((fn) => fn.exported));
}
