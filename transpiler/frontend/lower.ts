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
import { checkBody, lowerBody } from './functions.js';
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
    refused: sources.refused,
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
  for (const file of sources.files) for (const node of file.statements) declare(context, node, entries);
  declareLibrary(context, sources);
  for (const node of sources.files.flatMap(({ statements }) => statements.filter(ts.isFunctionDeclaration)))
    addFunction(context, node);
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

/** Notes what a top-level statement declares. Entry points go to `entries`, by symbol. */
function declare(context: Context, node: ts.Statement, entries: Map<string, Function>): void {
  if (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isEmptyStatement(node)) return;
  if (ts.isFunctionDeclaration(node)) {
    entityNamed(context, node);
  } else if (ts.isVariableStatement(node)) {
    const { declarations } = node.declarationList;
    for (const declaration of declarations) attempt(context, () => collectEntries(context, declaration, entries));
    for (const declaration of declarations) {
      const isPattern = ts.isObjectBindingPattern(declaration.name);
      for (const named of isPattern ? declaration.name.elements : [declaration]) entityNamed(context, named);
    }
  } else {
    attempt(context, () => checkOther(context, node));
  }
}

/** Refuses imports from outside, and all else that a module does not have at its top level. */
function checkOther(context: Context, node: ts.Statement): void {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    checkImport(context, node);
    return;
  }
  const { code, message, fixes } = describeSyntax(node);
  if (ts.isExpressionStatement(node))
    refuse(context, node, SUBSET.statement, 'nothing runs at the top level of a module', 'put it in a function');
  refuse(context, node, code, message, ...fixes);
}

/** What a declaration stands for; null where it is refused, or has no name of its own. */
function entityNamed(
  context: Context,
  declaration: ts.FunctionDeclaration | ts.VariableDeclaration | ts.BindingElement,
): Entity | null {
  const symbol = declaration.name && context.checker.getSymbolAtLocation(declaration.name);
  return symbol ? entityOfSymbol(context, symbol, declaration) : null;
}

/** Lowers a function's body, and adds it to its module. */
function addFunction(context: Context, declaration: ts.FunctionDeclaration): void {
  const entity = entityNamed(context, declaration);
  if (entity?.kind !== 'function') {
    checkBody(context, declaration);
    return;
  }
  lowerBody(context, entity.function, declaration);
  entity.function.module.functions.push(entity.function);
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
function declareLibrary(context: Context, { x86 }: Sources): void {
  for (const node of x86?.statements ?? []) {
    const declarations = ts.isVariableStatement(node) ? node.declarationList.declarations : [];
    for (const one of declarations) if (ts.isIdentifier(one.name)) entityNamed(context, one);
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
