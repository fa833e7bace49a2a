import type { Diagnostic } from '../transpiler/diagnostics/diagnostic.js';

/** Prints what the transpiler refuses, as a person reads it, and how much it is. */
export function printDiagnostics(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) process.stderr.write(`${JSON.stringify(diagnostic)}\n`);
}
