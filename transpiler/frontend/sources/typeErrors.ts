/**
 * What TypeScript finds in the files of a program. TypeScript itself knows which files a change affects;
 * it keeps that in the text of a build info, as with tsc's `incremental`.
 */
import { posix } from 'node:path';
import { ts } from 'ts-morph';
import { digest, type Findings } from '../../findings/findings.js';

/** What the build info is kept by. */
const KEY = 'types';

/** The options that have TypeScript keep what it found. */
export function builderOptions(root: string): ts.CompilerOptions {
  return { incremental: true, tsBuildInfoFile: buildInfoIn(root), assumeChangesOnlyAffectDirectDependencies: false };
}

/** No such file is read or written. The paths in the build info are relative to it. */
function buildInfoIn(root: string): string {
  return posix.join(root, 'findings.tsbuildinfo');
}

/** The errors in the files of `program`, whose options are `builderOptions`. */
export function typeErrors(program: ts.Program, root: string, findings: Findings): readonly ts.Diagnostic[] {
  for (const file of program.getSourceFiles()) Object.assign(file, { version: digest(file.text) });
  const host: ts.ReadBuildProgramHost & ts.BuilderProgramHost = {
    createHash: digest,
    getCurrentDirectory: () => root,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    readFile: (path) => (path === buildInfoIn(root) ? findings.get(KEY) : undefined),
  };
  const earlier = ts.readBuilderProgram(program.getCompilerOptions(), host);
  const builder = ts.createSemanticDiagnosticsBuilderProgram(program, host, earlier);
  const errors = builder.getSemanticDiagnostics();
  builder.emit(undefined, (_path, text) => findings.set(KEY, text));
  return errors;
}
