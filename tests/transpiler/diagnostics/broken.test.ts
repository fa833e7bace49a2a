/** Programs with a few tokens lost, doubled or swapped: refused or not, the transpiler never throws. */
import fc from 'fast-check';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { transpile } from '../../../transpiler/index.js';
import { root } from '../../support/golden.js';

const CONSTRUCTS = join(root, 'tests/transpiler/constructs/golden');
const PROGRAMS = 120;

interface Damage {
  readonly kind: 'lose' | 'replace' | 'insert';
  /** The token, and the other one that replaces it: each as a fraction of the number of tokens. */
  readonly at: number;
  readonly other: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('lose', 'replace', 'insert'),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  other: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

t.test('a damaged program never makes the transpiler throw', (t) => {
  const sources = readdirSync(CONSTRUCTS).filter((name) => name.endsWith('.ts'));
  const damages = fc.sample(fc.array(damage, { minLength: 1, maxLength: 3 }), PROGRAMS);
  mkdirSync(join(root, 'build/broken'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build/broken/program-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  damages.forEach((several, index) => {
    const source = readFileSync(join(CONSTRUCTS, sources[index % sources.length] ?? ''), 'utf8');
    const text = several.reduce(damaged, source.replace('../../../../transpiler', '../../../transpiler'));
    writeFileSync(join(folder, `m${index}.ts`), text);
  });
  t.doesNotThrow(() => transpile({ folder }));
  t.end();
});

function damaged(source: string, { kind, at, other }: Damage): string {
  const tokens = tokensOf(source);
  const token = tokens[Math.floor(at * tokens.length)];
  const second = tokens[Math.floor(other * tokens.length)];
  if (!token || !second) return source;
  const inserted = kind === 'lose' ? '' : ` ${source.slice(second.start, second.end)} `;
  return source.slice(0, kind === 'insert' ? token.end : token.start) + inserted + source.slice(token.end);
}

function tokensOf(source: string): { start: number; end: number }[] {
  const scanner = ts.createScanner(ts.ScriptTarget.ES2023, true, ts.LanguageVariant.Standard, source);
  const tokens: { start: number; end: number }[] = [];
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken)
    tokens.push({ start: scanner.getTokenStart(), end: scanner.getTokenEnd() });
  return tokens;
}
