/** The text of new expressions. */

/** Names, members and calls, which any operator may stand beside. */
const ATOM = /^[\w$.]*(\([^()]*\)[\w$.]*)*$/;

/** The text of an expression as an operand of another one. */
export function asOperand(text: string): string {
  return ATOM.test(text) ? text : `(${text})`;
}
