/** Changes of a source text that a test makes to plant a fault, or to undo a defence. */

/** `text` with `to` in place of `from`, which it has exactly once; throws otherwise, and names `file`. */
export function replaceOnce(text: string, from: string, to: string, file: string): string {
  const [before, after, ...more] = text.split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    const times = after === undefined ? 'not' : `${more.length + 1} times`;
    throw new Error(`${file} has this text ${times}, where once is needed: ${from}`);
  }
  return `${before}${to}${after}`;
}
