/** Reads the imports between files, finds circles in them, and checks them against the order of an architecture. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** The files that each file imports, for values or for types. Paths are relative to the root, with `/`. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** The imports of each TypeScript file in `folders`, which are relative to `root`. */
export function importsIn(root: string, folders: readonly string[]): Imports {
  const files = folders.flatMap((folder) =>
    readdirSync(posix.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/\b(golden|fixtures)\//.test(name))
      .map((name) => posix.join(folder, name)),
  );
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(posix.join(root, file), 'utf8'))]));
}

function importsOf(file: string, text: string): readonly string[] {
  return ts
    .preProcessFile(text)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => posix.join(posix.dirname(file), fileName).replace(/\.js$/, '.ts'));
}

/** A path from a file through its imports back to itself; null if there is none. */
export function circleIn(imports: Imports): readonly string[] | null {
  const finished = new Set<string>();
  const follow = (path: readonly string[], file: string): readonly string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return null;
    for (const imported of imports.get(file) ?? []) {
      const circle = follow([...path, file], imported);
      if (circle) return circle;
    }
    finished.add(file);
    return null;
  };
  for (const file of imports.keys()) {
    const circle = follow([], file);
    if (circle) return circle;
  }
  return null;
}

/** Folders from the top of an architecture down. A folder imports itself, those of its own row, and those of later rows. */
export type Order = readonly (readonly string[])[];

/** The imports against the order, as `file -> imported`. A file belongs to the innermost of the order's folders around it. */
export function importsUpward(imports: Imports, order: Order): readonly string[] {
  return importsWhere(imports, (file, imported) => rowOf(imported, order) < rowOf(file, order));
}

/** The files outside all folders of `order`. */
export function filesOutside(imports: Imports, order: Order): readonly string[] {
  return [...imports.keys()].filter((file) => rowOf(file, order) === -1);
}

/** The imports for which `isRefused` returns true, as `file -> imported`. */
export function importsWhere(
  imports: Imports,
  isRefused: (file: string, imported: string) => boolean,
): readonly string[] {
  return [...imports].flatMap(([file, imported]) =>
    imported.filter((path) => isRefused(file, path)).map((path) => `${file} -> ${path}`),
  );
}

/** The imports between the folders directly in `parent`, each including its subfolders. '' is the root. */
export function folderImports(imports: Imports, parent: string): Imports {
  const folders = new Map<string, Set<string>>();
  for (const [file, imported] of imports) {
    const folder = childOf(parent, file);
    if (folder === null) continue;
    const others = folders.get(folder) ?? new Set();
    folders.set(folder, others);
    for (const path of imported) {
      const other = childOf(parent, path);
      if (other !== null && other !== folder) others.add(other);
    }
  }
  return new Map([...folders].map(([folder, others]) => [folder, [...others]]));
}

/** The folder directly in `parent` that contains `file`; null if the file lies elsewhere, or in `parent` itself. */
function childOf(parent: string, file: string): string | null {
  const path = posix.relative(parent, file).split('/');
  return path[0] === '..' || path.length === 1 ? null : posix.join(parent, path[0] ?? '');
}

/** The index of the row in `order` with the innermost folder that contains `file`; -1: there is none. */
function rowOf(file: string, order: Order): number {
  const around = order
    .flatMap((folders, row) => folders.map((folder) => ({ folder, row })))
    .filter(({ folder }) => file.startsWith(`${folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length);
  return around[0]?.row ?? -1;
}

/** The folders from which each folder's own files import. The files of its subfolders do not count. */
export function importsOfFolders(imports: Imports): Imports {
  const folders = new Map<string, Set<string>>();
  for (const [file, paths] of imports) {
    const folder = posix.dirname(file);
    const found = folders.get(folder) ?? new Set();
    for (const path of paths) if (posix.dirname(path) !== folder) found.add(posix.dirname(path));
    folders.set(folder, found);
  }
  return new Map([...folders].map(([folder, found]) => [folder, [...found]]));
}
