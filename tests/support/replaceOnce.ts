/** Changes a source text, so that a test can plant a fault or undo a defence. */

/** Replaces `from` in `text` with `to`. Throws an error that names `file` unless `from` is there exactly once. */
export function replaceOnce(text: string, from: string, to: string, file: string): string {
  const [before, after, ...more] = text.split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    const times = after === undefined ? 'not' : `${more.length + 1} times`;
    throw new Error(`${file} has this text ${times}, where once is needed: ${from}`);
  }
  return `${before}${to}${after}`;
}
