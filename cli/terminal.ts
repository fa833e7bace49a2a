/** What the commands write: results to standard output, everything else to standard error. */
import picocolors from 'picocolors';

const colors = picocolors.createColors(process.stderr.isTTY && process.env['NO_COLOR'] === undefined);

/** What a terminal would obey, in a text of one line or of several: control characters but tabs, and what turns or hides text. */
const CONTROLS = /(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` with its control characters as `\\x1b` or `\\u202e`: it may come from a file that somebody else has made. */
export function visible(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same of each line of `text`. */
function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** A step that is done: its name, what came of it, and how long it took. */
export function tellStep(name: string, detail: string, milliseconds: number): void {
  const seconds = `${(milliseconds / 1000).toFixed(1)} s`;
  process.stderr.write(
    `  ${colors.cyan(name.padEnd(10))} ${visible(detail).padEnd(56)} ${colors.dim(seconds.padStart(7))}\n`,
  );
}

/** Something a person should know, without a time. */
export function tell(text: string): void {
  process.stderr.write(`  ${visible(text)}\n`);
}

/** What is done all the same, but hardly as it was meant. */
export function tellWarning(text: string): void {
  process.stderr.write(`${colors.yellow('tsvm: warning:')} ${visible(text)}\n`);
}

/** What went wrong, and the commands that would mend it. */
export function tellError(text: string, remedies: readonly string[] = []): void {
  process.stderr.write(`${colors.red('tsvm:')} ${visibleLines(text)}\n`);
  for (const remedy of remedies) process.stderr.write(`  try: ${colors.bold(remedy)}\n`);
}

/** What JSON.stringify() leaves as it is: all control characters but the newlines between its own lines. */
const JSON_CONTROLS = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}

/** The one object that a command with --json prints. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2).replace(JSON_CONTROLS, escaped)}\n`);
}
