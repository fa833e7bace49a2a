/** Prints diagnostics for people. */
import type { Diagnostic } from './diagnostic.js';

/**
 * The place, the source line with a caret line below what is meant, what is known there, and what
 * would mend it; without a line end behind.
 */
export function printDiagnostic(diagnostic: Diagnostic): string {
  const { at, code, message, known, fixes, source } = diagnostic;
  const isProof = code.startsWith('TSV2');
  return [
    `${at.file}:${at.line}:${at.column}  ${code}  ${message}`,
    ...(source === undefined ? [] : excerpt(source, at)),
    ...paragraph('known here: ', known),
    ...paragraph(isProof ? 'to prove it:' : 'to mend it: ', fixes),
  ].join('\n');
}

function excerpt(source: string, { line, column, length }: Diagnostic['at']): string[] {
  const number = String(line).padStart(5);
  // Tabs stay tabs, so that the carets line up however wide the terminal shows them.
  const before = source.slice(0, column - 1).replace(/[^\t]/g, ' ');
  return [`${number} | ${source}`, `${' '.repeat(number.length)} | ${before}${'^'.repeat(length)}`];
}

function paragraph(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${index === 0 ? label : ' '.repeat(label.length)} ${line}`);
}
