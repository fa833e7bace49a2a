/** Writes what the commands tell: results to standard output, everything else to standard error. */
import picocolors from 'picocolors';

const colors = picocolors.createColors(process.stderr.isTTY && process.env['NO_COLOR'] === undefined);

/** Characters that a terminal would obey: control characters except tabs, and those that reorder or hide text. */
const CONTROLS = /(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Shows control characters in `text` as `\\x1b` or `\\u202e`, since it may come from a file of unknown origin. */
export function visible(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** Applies visible() to each line of `text`. */
function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** Tells that a step is done: its name, its result and how long it took. */
export function tellStep(name: string, detail: string, milliseconds: number): void {
  const seconds = `${(milliseconds / 1000).toFixed(1)} s`;
  process.stderr.write(
    `  ${colors.cyan(name.padEnd(10))} ${visible(detail).padEnd(56)} ${colors.dim(seconds.padStart(7))}\n`,
  );
}

/** Tells one line of information, without a time. */
export function tell(text: string): void {
  process.stderr.write(`  ${visible(text)}\n`);
}

/** Warns about something that is done although it is probably not what the user wants. */
export function tellWarning(text: string): void {
  process.stderr.write(`${colors.yellow('tsvm: warning:')} ${visible(text)}\n`);
}

/** Tells an error, and the commands that would mend it. */
export function tellError(text: string, remedies: readonly string[] = []): void {
  process.stderr.write(`${colors.red('tsvm:')} ${visibleLines(text)}\n`);
  for (const remedy of remedies) process.stderr.write(`  try: ${colors.bold(remedy)}\n`);
}

/** Control characters that JSON.stringify() does not escape; the newlines between its own lines are not among them. */
const JSON_CONTROLS = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}

/** Prints the one object of a command with --json. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2).replace(JSON_CONTROLS, escaped)}\n`);
}
