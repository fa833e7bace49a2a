/** Makes one program of many generated modules. Refused functions are removed; the rest runs in Node and in C. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { Diagnostic } from '../../../transpiler/diagnostics/diagnostic.js';
import { transpile as originalTranspile } from '../../../transpiler/index.js';
import type { Program } from '../../../transpiler/ir/nodes.js';
import { countingRounds } from '../../support/hosted/rounds.js';
import { compiledFolder } from '../../support/hosted/scratch.js';

/** From the folder of compiled modules. */
const ROUNDS = '../../../tests/support/hosted/rounds.js';

export type Transpile = typeof originalTranspile;

/** Thrown if the common declarations are refused: either the test is wrong, or the transpiler refuses too much. */
export class PreambleRefused extends Error {}

/** A generated module: its declarations, and functions that can each be left out. */
export interface GeneratedModule {
  readonly preamble: string;
  readonly functions: readonly string[];
}

export interface Checked {
  readonly program: Program;
  readonly files: ReadonlyMap<string, string>;
  readonly accepted: readonly GeneratedModule[];
  /** The diagnostics of each removed function. */
  readonly refused: ReadonlyMap<string, readonly Diagnostic[]>;
}

/**
 * Transpiles `modules` as m0.ts, m1.ts ... of one program in a scratch folder, without the functions that have
 * diagnostics. Throws where a diagnostic is not about one of them.
 */
export function checkModules(
  folder: string,
  modules: readonly GeneratedModule[],
  transpile: Transpile = originalTranspile,
): Checked {
  const refused = new Map<string, Diagnostic[]>();
  let accepted = modules;
  for (;;) {
    writeModules(folder, accepted);
    const { diagnostics, program, files } = transpile({ folder });
    if (diagnostics.length === 0 && program) return { program, files, accepted, refused };
    accepted = without(accepted, diagnostics, refused);
  }
}

/** Compiles the TypeScript of checked modules for Node; the result gives a module's address. */
export function compileForNode(folder: string, modules: readonly GeneratedModule[]): (module: string) => string {
  const compiled = compiledFolder(folder);
  modules.forEach((module, index) => {
    const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
    const transformers = { before: [countingRounds] };
    const { outputText } = ts.transpileModule(textOf(module), { compilerOptions, transformers });
    writeFileSync(join(compiled, `m${index}.js`), `import { countRound } from '${ROUNDS}';\n${outputText}`);
  });
  return (module) => new URL(`file://${join(compiled, `${module}.js`)}`).href;
}

/** The source of a module, as written to its file. */
export function textOf({ preamble, functions }: GeneratedModule): string {
  return [preamble, ...functions].join('\n');
}

/** Writes modules as m0.ts, m1.ts ... */
export function writeModules(folder: string, modules: readonly GeneratedModule[]): void {
  modules.forEach((module, index) => writeFileSync(join(folder, `m${index}.ts`), textOf(module)));
}

function without(
  modules: readonly GeneratedModule[],
  diagnostics: readonly Diagnostic[],
  refused: Map<string, Diagnostic[]>,
): GeneratedModule[] {
  const bad = new Set<string>();
  for (const diagnostic of diagnostics) {
    const index = Number(/\bm(\d+)\.ts$/.exec(diagnostic.at.file)?.[1]);
    const found = modules[index] && functionAt(modules[index], diagnostic.at.line);
    if (found === undefined)
      throw new PreambleRefused(`${diagnostic.at.file}:${diagnostic.at.line} ${diagnostic.code} ${diagnostic.message}`);
    bad.add(found);
    refused.set(found, [...(refused.get(found) ?? []), diagnostic]);
  }
  return modules.map(({ preamble, functions }) => ({
    preamble,
    functions: functions.filter((text) => !bad.has(text)),
  }));
}

/** The function of `module` that the 1-based `line` of its text belongs to. */
function functionAt({ preamble, functions }: GeneratedModule, line: number): string | undefined {
  let first = lines(preamble) + 1;
  for (const text of functions) {
    const next = first + lines(text);
    if (line >= first && line < next) return text;
    first = next;
  }
  return undefined;
}

function lines(text: string): number {
  return text.split('\n').length;
}
