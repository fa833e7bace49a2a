/** Transpiles the examples of a page as one program, so that a page with a wrong example cannot be made. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { transpile } from '../index.js';
import * as library from '../lib/index.js';

/** Path of the library, seen from a folder in build/. It is in parts, so that tools that move files do not take it for an import of this module. */
const LIBRARY = ['..', '..', 'transpiler', 'lib', 'index.js'].join('/');

/** Names of the library that are types only. */
const TYPES = ['Bytes', 'FunctionTable', 'Gpa', 'Gva', 'Hpa', 'Hva', 'i16', 'i8', 'List', 'Ref'];

export interface Example {
  readonly name: string;
  readonly code: string;
}

/** What the transpiler made of a set of examples. */
export interface Transpiled {
  readonly diagnostics: readonly Diagnostic[];
  readonly files: ReadonlyMap<string, string>;
}

/** Transpiles examples as modules of one program in a folder of `root`; each gets the imports it needs. */
export function transpileExamples(root: string, examples: readonly Example[]): Transpiled {
  const folder = mkdtempSync(join(root, 'build', 'examples-'));
  try {
    for (const { name, code } of examples) writeFileSync(join(folder, `${name}.ts`), `${code}${importsOf(code)}`);
    const { diagnostics, files } = transpile({ folder });
    const inPage = (diagnostic: Diagnostic): Diagnostic => ({
      ...diagnostic,
      at: { ...diagnostic.at, file: basename(diagnostic.at.file) },
    });
    return { diagnostics: diagnostics.map(inPage), files };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Imports may stand behind the code, so that its lines keep their numbers. */
function importsOf(code: string): string {
  const isUsed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(code);
  const declares = (name: string): boolean => new RegExp(`(function|const|type) \\{? ?${name}\\b`).test(code);
  const wanted = (name: string): boolean => isUsed(name) && !declares(name);
  const names = [...Object.keys(library).filter(wanted), ...TYPES.filter(wanted).map((name) => `type ${name}`)];
  return `import { ${names.join(', ')} } from '${LIBRARY}';\n`;
}

/**
 * What `files` declare under the names: `put` a function or table of module `example`,
 * `struct Ring` a layout. The page knows the module as `example`. Throws where there is none.
 */
export function extractC(files: ReadonlyMap<string, string>, module: string, names: readonly string[]): string {
  const source = withoutLineMarks(files.get(`${module}.c`) ?? '');
  const layouts = files.get('layouts.h') ?? '';
  return names
    .map((name) => {
      const found = name.startsWith('struct ')
        ? chunk(layouts, new RegExp(`^${name} \\{`))
        : chunk(source, new RegExp(`^\\S.*\\b${module}_${name}\\b[^;]*[{]$`));
      if (found === null) throw new Error(`no ${name} in the C of ${module}:\n${source}`);
      return found;
    })
    .join('\n\n')
    .replace(new RegExp(`\\b${module}_`, 'g'), 'example_');
}

function withoutLineMarks(source: string): string {
  return source.replace(/^#line .*\n/gm, '');
}

/** From the first line that matches up to the next line that closes it, and what is asserted of it. */
function chunk(source: string, start: RegExp): string | null {
  const lines = source.split('\n');
  const first = lines.findIndex((line) => start.test(line));
  if (first < 0) return null;
  let last = lines.findIndex((line, index) => index > first && line.startsWith('}'));
  while (lines[last + 1]?.startsWith('_Static_assert')) last++;
  return lines.slice(first, last + 1).join('\n');
}
