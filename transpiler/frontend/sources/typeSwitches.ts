/** What switches TypeScript's checks off: comments and compiler options. The language relies on those checks. */
import { ts } from 'ts-morph';
import { SUBSET } from '../../diagnostics/subset.js';
import type { Report } from '../../diagnostics/diagnostic.js';
import type { Location } from '../../ir/location.js';

const COMMENT = /@ts-(ignore|expect-error|nocheck)/;

/** All that `strict` stands for, each of which can be switched off by itself. */
const STRICT = [
  'strict',
  'noImplicitAny',
  'noImplicitThis',
  'strictNullChecks',
  'strictFunctionTypes',
  'strictBindCallApply',
  'strictPropertyInitialization',
  'strictBuiltinIteratorReturn',
  'alwaysStrict',
  'useUnknownInCatchVariables',
] as const;

/** The options that have TypeScript check all that the language relies on. */
export const STRICT_OPTIONS: ts.CompilerOptions = Object.fromEntries(STRICT.map((name) => [name, true]));

/** Reports comments of `file` that switch checks off; `locate` gives the place of some characters of it. */
export function checkComments(
  file: ts.SourceFile,
  locate: (start: number, length: number) => Location,
  report: Report,
): void {
  if (!COMMENT.test(file.text)) return;
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, file.text);
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    const isComment = token === ts.SyntaxKind.SingleLineCommentTrivia || token === ts.SyntaxKind.MultiLineCommentTrivia;
    const [found] = isComment ? (COMMENT.exec(scanner.getTokenText()) ?? []) : [];
    if (found === undefined) continue;
    report({
      code: SUBSET.typeSwitch.code,
      at: locate(scanner.getTokenStart(), scanner.getTokenText().length),
      message: `${found} switches off checks that the language relies on`,
      known: [],
      fixes: ['take it out, and mend what TypeScript reports'],
    });
  }
}

/** Reports what `options`, read from the file at `at`, leave unchecked. The program is checked strictly all the same. */
export function checkOptions(options: ts.CompilerOptions, at: Location, report: Report): void {
  for (const name of STRICT) {
    const isOn = name === 'strict' ? options.strict !== false : options[name] !== false;
    if (isOn) continue;
    report({
      code: SUBSET.typeSwitch.code,
      at,
      message: `"${name}": false switches off checks that the language relies on`,
      known: [],
      fixes: [`take it out, or write "${name}": true`],
    });
  }
}
