/** The pages of docs/ that are made, whole or in part, from the transpiler's own tables. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as prettier from 'prettier';
import { CODES } from '../diagnostics/codes.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { printDiagnostic } from '../diagnostics/print.js';
import { PROMISES } from '../program/effects.js';
import { extractC, transpileExamples, type Example, type Transpiled } from './examples.js';
import { intrinsicsTable } from './intrinsics.js';
import { fence, fencesOf, fillRegions, markdownTable, type Region } from './regions.js';

/** The generated pages of the project in `root`, formatted, by their path in it. Throws where an example is not as it says. */
export async function makePages(root: string): Promise<ReadonlyMap<string, string>> {
  const format = async (path: string, text: string): Promise<[string, string]> => {
    const filepath = join(root, path);
    return [path, await prettier.format(text, { ...(await prettier.resolveConfig(filepath)), filepath })];
  };
  return new Map([
    await format('docs/language.md', languagePage(root)),
    await format('docs/diagnostics.md', diagnosticsPage()),
  ]);
}

function languagePage(root: string): string {
  const page = readFileSync(join(root, 'docs/language.md'), 'utf8');
  const fences = fencesOf(
    fillRegions(page, () => ''),
    'ts',
  );
  const examplesOf = (word: string): Example[] =>
    fences.filter((found) => found.word === word).map(({ code }) => ({ name: nameOf(code), code }));
  const accepted = transpileExamples(root, examplesOf(''));
  const refused = transpileExamples(root, examplesOf('refused'));
  const [first] = accepted.diagnostics;
  if (first) throw new Error(`an example is refused:\n${printDiagnostic(first)}`);
  return fillRegions(page, (region) => contentsOf(root, region, accepted, refused));
}

function contentsOf(root: string, { instruction, code }: Region, accepted: Transpiled, refused: Transpiled): string {
  const [kind, rest] = split(instruction);
  switch (kind) {
    case 'file':
      return fence('ts', readFileSync(join(root, rest), 'utf8'));
    case 'c':
      return fence('c', extractC(accepted.files, nameOf(code), rest.split(', ')));
    case 'refusal':
      return fence('', refusalOf(refused.diagnostics, nameOf(code)));
    case 'intrinsics':
      return intrinsicsTable();
    case 'effects':
      return effectsTable();
    case 'diagnostics':
      return markdownTable(
        ['code', 'title'],
        CODES.map(({ code: number, title }) => [codeLink(number), title]),
      );
    default:
      throw new Error(`docs/language.md: nothing makes "${instruction}"`);
  }
}

function refusalOf(diagnostics: readonly Diagnostic[], module: string): string {
  const found = diagnostics.filter(({ at }) => at.file === `${module}.ts`);
  if (found.length === 0) throw new Error(`the example ${module} is not refused`);
  return found.map((diagnostic) => printDiagnostic(diagnostic)).join('\n');
}

/** An example is called after its last exported function. */
function nameOf(code: string): string {
  const [, name] = [...code.matchAll(/^export (?:function|const \{?) ?(\w+)/gm)].at(-1) ?? [];
  if (name === undefined) throw new Error(`an example exports nothing:\n${code}`);
  return name;
}

function split(instruction: string): [string, string] {
  const space = instruction.indexOf(' ');
  return space < 0 ? [instruction, ''] : [instruction.slice(0, space), instruction.slice(space + 1)];
}

function codeLink(code: string): string {
  return `[${code}](diagnostics.md#${code.toLowerCase()})`;
}

function effectsTable(): string {
  const rows = Object.entries(PROMISES).map(([promise, effects]) => [
    `\`${promise}\``,
    effects.map((effect) => `\`${effect}\``).join(' '),
  ]);
  return markdownTable(['promise', 'none of these effects'], rows);
}

function diagnosticsPage(): string {
  const sections = CODES.map(({ code, title, explanation, bad, good }) =>
    [`## ${code}`, `**${title}.** ${explanation}`, `Refused:`, fence('ts', bad), `Accepted:`, fence('ts', good)].join(
      '\n\n',
    ),
  );
  const head =
    '# Diagnostics\n\nEvery code with an example, made by `npm run docs` from `transpiler/diagnostics`. ' +
    '[language.md](language.md) explains the language.';
  return `${[head, ...sections].join('\n\n')}\n`;
}
