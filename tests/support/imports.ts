/** The imports between the files of a folder, and circles in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/** For each file the files that it imports, for values or for types; paths are relative to one folder, with `/`. */
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

/** One way from a file through its imports back to itself; null where there is none. */
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
