/** Reads a program's sources and has TypeScript check them. ts-morph is used in this folder only. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Project, ts } from 'ts-morph';
import type { Report } from '../../diagnostics/diagnostic.js';
import { SUBSET } from '../../diagnostics/subset.js';
import type { Location } from '../../ir/location.js';
import { Findings } from '../../findings/findings.js';
import { nestingError } from './nesting.js';
import { checkComments, checkOptions, STRICT_OPTIONS } from './typeSwitches.js';
import { builderOptions, typeErrors } from './typeErrors.js';

export interface Sources {
  /** Absolute, with `/`. */
  readonly folder: string;
  readonly checker: ts.TypeChecker;
  /** The program's files, each after those it imports, ties by name. */
  readonly files: readonly ts.SourceFile[];
  /** The statements of functions that TypeScript refuses, each for itself and not for one inside it. */
  readonly refused: ReadonlySet<ts.Node>;
  /** The library's declarations of the processor, where the program imports the library at all. */
  readonly x86: ts.SourceFile | null;
}

/** Added to the project's own options: all checks are on, and nothing but the program is read. */
const COMPILER_OPTIONS: ts.CompilerOptions = {
  ...STRICT_OPTIONS,
  types: [],
  noEmit: true,
  skipLibCheck: true,
  // With this condition the package exports the library's sources, which are part of each program.
  customConditions: ['tsvm-source'],
  exactOptionalPropertyTypes: false,
};

/**
 * Loads every `.ts` file below `folder`. What TypeScript finds is reported as TSV0001.
 * Without `tsconfig` the nearest one above the folder counts.
 */
export function load(folder: string, tsconfig: string | undefined, report: Report, findings = new Findings()): Sources {
  const root = resolve(folder);
  const config = tsconfig ?? nearest('tsconfig.json', root) ?? join(packageFolder, 'program.tsconfig.json');
  checkConfig(root, config, report);
  const project = new Project({
    tsConfigFilePath: config,
    skipAddingFilesFromTsConfig: true,
    compilerOptions: { ...COMPILER_OPTIONS, ...builderOptions(root) },
  });
  if (checkNesting(root, report)) project.addSourceFilesAtPaths(`${posix(root)}/**/*.ts`);
  const program = project.getProgram().compilerObject;
  const sources = program.getSourceFiles().filter((file) => file.fileName.startsWith(`${posix(root)}/`));
  const errors = typeErrors(program, root, findings);
  const refused = new Set<ts.Node>();
  for (const file of sources) {
    checkComments(file, (start, length) => locationOf(root, file, start, length), report);
    for (const found of [...program.getSyntacticDiagnostics(file), ...errors.filter((error) => error.file === file)]) {
      report({
        code: 'TSV0001',
        at: locationOf(root, file, found.start ?? 0, found.length ?? 1),
        message: `${ts.flattenDiagnosticMessageText(found.messageText, '\n').split('\n', 1)[0]} (TS${found.code})`,
        known: [],
        fixes: [],
      });
      if (!found.reportsUnnecessary) refused.add(statementAt(file, found.start ?? 0));
    }
  }
  return {
    folder: posix(root),
    checker: program.getTypeChecker(),
    files: inOrder(sources, program),
    refused,
    x86: program.getSourceFile(libraryDeclarations()) ?? null,
  };
}

/** The innermost statement around a position in a file; the file where there is none. */
function statementAt(file: ts.SourceFile, position: number): ts.Node {
  let found: ts.Node = file;
  const enter = (node: ts.Node): void => {
    if (position < node.getStart(file) || position >= node.getEnd()) return;
    if (ts.isStatement(node)) found = node;
    ts.forEachChild(node, enter);
  };
  ts.forEachChild(file, enter);
  return found;
}

/** Reports what the compiler options in the file `config` leave unchecked. */
function checkConfig(root: string, config: string, report: Report): void {
  const { options } = ts.parseJsonSourceFileConfigFileContent(
    ts.readJsonConfigFile(config, (path) => ts.sys.readFile(path)),
    { ...ts.sys, readDirectory: () => [] },
    dirname(config),
  );
  checkOptions(options, { file: posix(relative(dirname(root), config)), line: 1, column: 1, length: 1 }, report);
}

/** Reports what nests too deep to be read at all; false where anything does. Then no file is read. */
function checkNesting(root: string, report: Report): boolean {
  const found = ts.sys.readDirectory(root, ['.ts']).flatMap((path) => {
    const error = nestingError(ts.sys.readFile(path) ?? '');
    return error === null ? [] : [{ ...error, file: posix(relative(dirname(root), path)) }];
  });
  for (const { file, line, column, message } of found) {
    const at = { file, line, column, length: 1 };
    report({
      code: SUBSET.expression.code,
      at,
      message,
      known: [],
      fixes: ['keep parts of it in consts or functions'],
    });
  }
  return found.length === 0;
}

/** The folder of the language's library, with `/` at its end. */
export function libraryFolder(): string {
  return LIBRARY;
}

/** The library's file of intrinsics and their layouts: declarations like a program's own. */
export function libraryDeclarations(): string {
  return `${LIBRARY}x86.ts`;
}

/** Where `length` characters from `start` on lie; the caret line ends with its source line. */
export function locationOf(folder: string, file: ts.SourceFile, start: number, length: number): Location {
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  const end = file.getLineEndOfPosition(start);
  return {
    file: nameOf(folder, file),
    line: line + 1,
    column: character + 1,
    length: Math.max(1, Math.min(length, end - start)),
  };
}

/** The name of each file in messages, kept because every node asks for it. */
const names = new WeakMap<ts.SourceFile, string>();

function nameOf(folder: string, file: ts.SourceFile): string {
  const name = names.get(file) ?? posix(relative(dirname(folder), file.fileName));
  names.set(file, name);
  return name;
}

const posix = (path: string): string => path.split(sep).join('/');

function nearest(name: string, from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, name);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return null;
  }
}

/** The folder of this package: where it is installed, or `transpiler/` in the project that its JavaScript is compiled into. */
const packageFolder = ownFolder();

const LIBRARY = `${posix(join(packageFolder, 'lib'))}/`;

function ownFolder(): string {
  const isPackage = (folder: string): boolean => existsSync(join(folder, 'lib', 'index.ts'));
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = [folder, join(folder, 'transpiler')].find(isPackage);
    if (found !== undefined) return found;
  }
  throw new Error('the sources of the library are not beside the transpiler: install it anew');
}

function inOrder(sources: readonly ts.SourceFile[], program: ts.Program): ts.SourceFile[] {
  const checker = program.getTypeChecker();
  const ordered = new Set<ts.SourceFile>();
  const entered = new Set<ts.SourceFile>();
  const enter = (file: ts.SourceFile): void => {
    if (entered.has(file)) return;
    entered.add(file);
    const imported = file.statements
      .flatMap((statement) => (ts.isImportDeclaration(statement) ? [statement.moduleSpecifier] : []))
      .flatMap((specifier) => checker.getSymbolAtLocation(specifier)?.declarations ?? [])
      .filter((declaration) => ts.isSourceFile(declaration))
      .filter((declaration) => sources.includes(declaration));
    for (const dependency of byName(imported)) enter(dependency);
    ordered.add(file);
  };
  for (const file of byName(sources)) enter(file);
  return [...ordered];
}

function byName(files: readonly ts.SourceFile[]): ts.SourceFile[] {
  return [...files].sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
}

/** The text of the line that `at` is in. */
export function sourceLine({ folder, files }: Sources, at: Location): string {
  const file = files.find(({ fileName }) => posix(relative(dirname(folder), fileName)) === at.file);
  return file?.text.split('\n')[at.line - 1]?.replace(/\r$/, '') ?? '';
}
