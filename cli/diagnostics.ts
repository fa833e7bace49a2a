import type { Diagnostic } from '../transpiler/diagnostics/diagnostic.js';
import { printDiagnostic } from '../transpiler/diagnostics/print.js';

/** Prints the transpiler's diagnostics in readable form, and how many there are. */
export function printDiagnostics(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) process.stderr.write(`${printDiagnostic(diagnostic)}\n`);
  const { length } = diagnostics;
  if (length > 0) process.stderr.write(`${length} ${length === 1 ? 'error' : 'errors'}\n`);
}
