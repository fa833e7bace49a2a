/**
 * How deep a program may nest. TypeScript and the later passes walk the tree recursively. The limits
 * leave several times the stack that they need.
 */
import { ts } from 'ts-morph';

const MOST_BRACKETS = 200;
/** Between two of `, ; { }`: operators one after the other nest, too. */
const MOST_TOKENS = 1_000;
const MOST_ELSES = 200;

interface NestingError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const OPENING: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.OpenParenToken,
  ts.SyntaxKind.OpenBracketToken,
  ts.SyntaxKind.OpenBraceToken,
]);
const CLOSING: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.CloseParenToken,
  ts.SyntaxKind.CloseBracketToken,
  ts.SyntaxKind.CloseBraceToken,
]);
const SEPARATING: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.CommaToken,
  ts.SyntaxKind.SemicolonToken,
  ts.SyntaxKind.OpenBraceToken,
  ts.SyntaxKind.CloseBraceToken,
]);

/** The first place at which a source nests too deep, null where none does. */
export function nestingError(text: string): NestingError | null {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, text);
  let depth = 0;
  let tokens = 0;
  /** At each depth, the branches of the `if` that goes on there. */
  const elses: number[] = [];
  let last = ts.SyntaxKind.Unknown;
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    if (OPENING.has(token)) depth += 1;
    else if (CLOSING.has(token)) depth = Math.max(0, depth - 1);
    tokens = SEPARATING.has(token) ? 0 : tokens + 1;
    const isAfterBranch = last === ts.SyntaxKind.CloseBraceToken || last === ts.SyntaxKind.SemicolonToken;
    if (token === ts.SyntaxKind.ElseKeyword) elses[depth] = (elses[depth] ?? 0) + 1;
    else if (isAfterBranch) elses[depth] = 0;
    last = token;
    const message = messageOf(depth, tokens, elses[depth] ?? 0);
    if (message !== null) return { ...placeOf(text, scanner.getTokenStart()), message };
  }
  return null;
}

function messageOf(depth: number, tokens: number, elses: number): string | null {
  if (depth > MOST_BRACKETS) return `brackets stand more than ${MOST_BRACKETS} deep in each other`;
  if (tokens > MOST_TOKENS) return `an expression has more than ${MOST_TOKENS} words and signs`;
  return elses > MOST_ELSES ? `more than ${MOST_ELSES} else follow each other` : null;
}

function placeOf(text: string, position: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, position).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
