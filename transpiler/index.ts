/** The transpiler: restricted TypeScript in, proved C out. */
import { checkSubset } from './check/index.js';
import type { Diagnostic } from './diagnostics/diagnostic.js';
import { emit, emitChecked } from './emit/index.js';
import { Findings, readFindings, writeFindings } from './findings/findings.js';
import { load, sourceLine, type Sources } from './frontend/sources/load.js';
import { lower } from './frontend/lower.js';
import type { Program } from './ir/nodes.js';
import { Obligations } from './ir/obligations.js';
import { checkProgram } from './program/index.js';
import { prove } from './prove/index.js';

export interface TranspileOptions {
  /** The program: every `.ts` file below it. */
  readonly folder: string;
  /** Default: the nearest `tsconfig.json` above the folder. */
  readonly tsconfig?: string;
  /**
   * A file that keeps what was proved, so that the next run proves only what a change affects. The result is the same without it.
   * Default: none.
   */
  readonly cache?: string;
}

export interface Checked {
  /** All that is wrong, in the order of files and lines. A program with any is not to be run. */
  readonly diagnostics: readonly Diagnostic[];
  /** The program as lowered; with a `refused` for each refused statement. */
  readonly program: Program;
  /** Whether no part of the program was refused. */
  readonly isComplete: boolean;
  /** How many proofs succeeded. */
  readonly proofs: number;
}

export interface Transpiled extends Checked {
  /** C text by relative path; none where parts of the program are outside the language. */
  readonly files: ReadonlyMap<string, string>;
}

export interface TranspiledChecked extends Transpiled {
  /** What was proved of each node, and what was relied on. */
  readonly obligations: Obligations;
}

/** Checks the program and translates it to C. Never throws on account of the program. */
export function transpile(options: TranspileOptions): Transpiled {
  const checked = check(options);
  return { ...checked, files: checked.isComplete ? emit(checked.program) : new Map() };
}

/**
 * As `transpile`, with a check of each obligation in the C. Everything is proved again: kept findings say what is true, but not
 * what had to be proved.
 */
export function transpileChecked(options: Omit<TranspileOptions, 'cache'>): TranspiledChecked {
  const obligations = new Obligations();
  const checked = checkWith(options, new Findings(), obligations);
  const files = checked.isComplete ? emitChecked(checked.program, obligations) : new Map<string, string>();
  return { ...checked, files, obligations };
}

/** Checks the program as `transpile` does, and translates nothing. */
export function check(options: TranspileOptions): Checked {
  const { cache } = options;
  const findings = cache === undefined ? new Findings() : readFindings(cache);
  const checked = checkWith(options, findings, new Obligations());
  if (cache !== undefined) writeFindings(cache, findings);
  return checked;
}

function checkWith({ folder, tsconfig }: TranspileOptions, findings: Findings, obligations: Obligations): Checked {
  const found: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => {
    found.push(diagnostic);
  };
  const sources = load(folder, tsconfig, report, findings);
  const program = lower(sources, report);
  checkSubset(program, report);
  const isComplete = found.length === 0;
  checkProgram(program, report);
  const proofs = prove(program, report, findings, obligations);
  return { diagnostics: inOrder(sources, found), program, isComplete, proofs };
}

function inOrder(sources: Sources, found: readonly Diagnostic[]): Diagnostic[] {
  return found
    .map((diagnostic) => ({ ...diagnostic, source: sourceLine(sources, diagnostic.at) }))
    .sort(
      ({ at: a }, { at: b }) =>
        (a.file === b.file ? 0 : a.file < b.file ? -1 : 1) || a.line - b.line || a.column - b.column,
    );
}

export { checkProgram, checkSubset, emit, emitChecked, load, lower, prove };
