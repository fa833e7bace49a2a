/** The transpiler: restricted TypeScript in, proved C out. */
import type { Diagnostic } from './diagnostics/diagnostic.js';
import { emit } from './emit/index.js';
import { load } from './frontend/load.js';
import { lower } from './frontend/lower.js';
import type { Program } from './ir/nodes.js';
import { checkProgram } from './program/index.js';
import { prove } from './prove/index.js';

export interface TranspileOptions {
  /** The program: every `.ts` file below it. */
  readonly folder: string;
  /** Default: the nearest `tsconfig.json` above the folder. */
  readonly tsconfig?: string;
}

export interface Transpiled {
  /** All that is wrong, in the order of the sources; with any, there are no files. */
  readonly diagnostics: readonly Diagnostic[];
  readonly program: Program;
  /** C text by relative path. */
  readonly files: ReadonlyMap<string, string>;
}

/** Checks the program and translates it to C. Never throws on account of the program. */
export function transpile({ folder, tsconfig }: TranspileOptions): Transpiled {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => {
    diagnostics.push(diagnostic);
  };
  const program = lower(load(folder, tsconfig, report), report);
  const isComplete = diagnostics.length === 0;
  checkProgram(program, report);
  prove(program, report);
  return { diagnostics, program, files: isComplete ? emit(program) : new Map() };
}

export { emit, load, lower };
