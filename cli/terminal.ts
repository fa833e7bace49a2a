/** What the commands write: results to standard output, everything else to standard error. */
import picocolors from 'picocolors';

const colors = picocolors.createColors(process.stderr.isTTY && process.env['NO_COLOR'] === undefined);

/** A step that is done: its name, what came of it, and how long it took. */
export function tellStep(name: string, detail: string, milliseconds: number): void {
  const seconds = `${(milliseconds / 1000).toFixed(1)} s`;
  process.stderr.write(`  ${colors.cyan(name.padEnd(10))} ${detail.padEnd(56)} ${colors.dim(seconds.padStart(7))}\n`);
}

/** Something a person should know, without a time. */
export function tell(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

/** What is done all the same, but hardly as it was meant. */
export function tellWarning(text: string): void {
  process.stderr.write(`${colors.yellow('tsvm: warning:')} ${text}\n`);
}

/** What went wrong, and the commands that would mend it. */
export function tellError(text: string, remedies: readonly string[] = []): void {
  process.stderr.write(`${colors.red('tsvm:')} ${text}\n`);
  for (const remedy of remedies) process.stderr.write(`  try: ${colors.bold(remedy)}\n`);
}

/** The one object that a command with --json prints. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
