/** Any text as a program gets diagnostics, or a refusal, in bounded time: the transpiler never throws. */
import fc from 'fast-check';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import type { Diagnostic } from '../../../transpiler/diagnostics/diagnostic.js';
import { transpile } from '../../../transpiler/index.js';
import { emptyFolder, root } from '../../support/hosted/scratch.js';
import { seedOfRun } from '../random/findings.js';

t.setTimeout(300_000);

const DEPTH = 5_000;
/** The time limit of all of them together on a busy machine. */
const MOST_MILLISECONDS = 60_000;
const seed = seedOfRun();

const IMPORT = "import { arr, at, list, struct, u32, U32, type Ref } from '../../../transpiler/lib/index.js';\n";
const returning = (expression: string): string => `export function f(x: u32): u32 { return ${expression}; }`;
const nested = (before: string, middle: string, after: string): string =>
  `${before.repeat(DEPTH)}${middle}${after.repeat(DEPTH)}`;
const steps = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join('\n');
const calls = (index: number): string =>
  Array.from({ length: 6 }, (_, added) => `f${index}(u32(x + ${added}))`).join(' && ');

/** Files that form a folder each, with the code of the refusal; null if the transpiler accepts them. */
const TEXTS: Readonly<Record<string, readonly [text: string | Uint8Array, code: string | null]>> = {
  'brackets in brackets': [returning(nested('(', 'x', ')')), 'TSV1009'],
  'brackets that do not close': ['['.repeat(DEPTH), 'TSV1009'],
  'blocks in blocks': [`export function f(): void { ${nested('{', '', '}')} }`, 'TSV1009'],
  'if in if': [`export function f(x: u32): void { ${nested('if (x > 3) {', '', '}')} }`, 'TSV1009'],
  'else after else': [
    `export function f(x: u32): void { if (x > 3) {} ${'else if (x > 2) {}'.repeat(DEPTH)} }`,
    'TSV1009',
  ],
  'a sum of thousands': [returning(`u32(x${' + 1'.repeat(DEPTH)})`), 'TSV1009'],
  'a choice of thousands': [returning(`${'x > 3 ? 1 : '.repeat(DEPTH)} 2`), 'TSV1009'],
  'a condition of thousands': [returning(`x > 1${' && x > 2'.repeat(DEPTH)} ? 1 : 2`), 'TSV1009'],
  'not not not': [returning(`${'!'.repeat(DEPTH)}x ? 1 : 2`), 'TSV1009'],
  'arrays of arrays': [`const A = ${nested('arr(', 'U32', ', 1)')};`, 'TSV1009'],
  'a type in brackets': [`export function f(x: ${nested('(', 'u32', ')')}): void {}`, 'TSV1009'],
  'text in text': [`const A = ${nested('`${', '1', '}`')};`, 'TSV1009'],
  'a type of itself': ['type T = T;\nexport function f(x: T): void {}', 'TSV1001'],
  'types of each other': ['type T = V;\ntype V = T | null;\nexport function f(x: T): void {}', 'TSV1001'],
  'a struct in itself': ["const S = struct('S', { size: 8 }, { s: at(0, S) });", 'TSV0001'],
  'constants of each other': [
    'const A: u32 = B;\nconst B: u32 = A;\nexport function f(): u32 { return A; }',
    'TSV0001',
  ],
  'a number of a hundred thousand digits': [
    `const A = 1${'0'.repeat(100_000)}n;\nexport function f(): boolean { return A > 2n; }`,
    'TSV2006',
  ],
  'a shift that no memory holds': ['const A = 1n << 99999999999n;', 'TSV1017'],
  'an array of less than nothing': ['const A = arr(U32, -1);', 'TSV1016'],
  'conditions, each made of the one before': [
    `export function f(x: u32, y: u32): boolean {
      const b0 = x > y;
      ${steps(40, (i) => `const b${i + 1} = b${i} ? b${i} && x > ${i} : b${i} || y > ${i};`)}
      return b40;
    }`,
    null,
  ],
  'functions, each of which calls the one before': [
    `function f0(x: u32): boolean { return x < 5 || x > 9; }
      ${steps(5, (i) => `function f${i + 1}(x: u32): boolean { return ${calls(i)}; }`)}
      export function f(x: u32): boolean { return f5(x); }`,
    null,
  ],
  'loops in loops, in steps of two': [
    `export function f(): void {
      ${steps(24, (i) => `for (let i${i}: u32 = 0; i${i} < 4; i${i} += 2)`)} {}
    }`,
    null,
  ],
  'nothing at all': ['', null],
  'a hundred thousand lines': [`${'// nothing\n'.repeat(100_000)}${returning('x')}`, null],
  'UTF-16': [Buffer.from(IMPORT, 'utf16le'), 'TSV0001'],
  'bytes that are no UTF-8': [Uint8Array.from({ length: 5_000 }, (_, index) => (index * 37 + 11) % 256), 'TSV0001'],
};

for (const [name, [text, code]] of Object.entries(TEXTS)) {
  t.test(`${name}: ${code === null ? 'accepted' : 'refused'}`, (t) => {
    const begun = Date.now();
    const found = diagnosticsOf({ 'm.ts': typeof text === 'string' ? IMPORT + text : text });
    const codes = found.map((one) => one.code);
    t.ok(code === null ? codes.length === 0 : codes.includes(code), codes.slice(0, 9).join(' '));
    t.ok(Date.now() - begun < MOST_MILLISECONDS, `${Date.now() - begun} ms`);
    t.end();
  });
}

t.test('files that import each other in a circle are a program, or are refused', (t) => {
  const found = diagnosticsOf({
    'a.ts': "import { b } from './b.js';\nexport const a = 1;\nexport function f(): boolean { return b > 2; }",
    'b.ts': "import { a } from './a.js';\nexport const b = 3;\nexport function g(): boolean { return a > 2; }",
  });
  t.same(found, []);
  t.end();
});

/** A change of a token of the kernel: it is deleted, doubled, or replaced by another. */
interface Damage {
  readonly kind: 'lose' | 'double' | 'replace';
  readonly file: number;
  readonly at: number;
  readonly other: number;
}

t.test(`the kernel with some tokens lost, doubled and replaced never makes it throw (TSVM_SEED=${seed})`, (t) => {
  const kernel = join(root, 'kernel');
  const files = readdirSync(kernel, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const sources = new Map(
    files.sort().map((name) => [
      name,
      // The copy lies two levels deeper.
      readFileSync(join(kernel, name), 'utf8').replaceAll('../transpiler/lib/', '../../../transpiler/lib/'),
    ]),
  );
  const one: fc.Arbitrary<Damage> = fc.record({
    kind: fc.constantFrom('lose', 'double', 'replace'),
    file: fc.nat(files.length - 1),
    at: fc.nat(),
    other: fc.nat(),
  });
  const property = fc.property(fc.array(one, { minLength: 1, maxLength: 60, size: 'max' }), (damages) => {
    const damaged = new Map([...sources]);
    for (const damage of damages) {
      const name = files[damage.file] ?? '';
      damaged.set(name, withDamage(damaged.get(name) ?? '', damage));
    }
    diagnosticsOf(Object.fromEntries(damaged));
  });
  t.doesNotThrow(() => {
    fc.assert(property, { seed, numRuns: 1, unbiased: true });
  });
  t.end();
});

/** The diagnostics of a program of these files. */
function diagnosticsOf(files: Readonly<Record<string, string | Uint8Array>>): readonly Diagnostic[] {
  const folder = emptyFolder(`bad-${process.pid}`);
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return transpile({ folder }).diagnostics;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withDamage(source: string, { kind, at, other }: Damage): string {
  const tokens = tokensOf(source);
  const token = tokens[at % tokens.length];
  const second = tokens[other % tokens.length];
  if (!token || !second) return source;
  const text = source.slice(token.start, token.end);
  const by = { lose: '', double: `${text} ${text}`, replace: source.slice(second.start, second.end) }[kind];
  return `${source.slice(0, token.start)} ${by} ${source.slice(token.end)}`;
}

function tokensOf(source: string): readonly { readonly start: number; readonly end: number }[] {
  const scanner = ts.createScanner(ts.ScriptTarget.ES2023, true, ts.LanguageVariant.Standard, source);
  const tokens: { start: number; end: number }[] = [];
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken)
    tokens.push({ start: scanner.getTokenStart(), end: scanner.getTokenEnd() });
  return tokens;
}
