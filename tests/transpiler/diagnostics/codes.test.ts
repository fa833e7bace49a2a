/** For each code: its bad example gets the diagnostic in golden/CODE.txt, and its good example gets none. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CODES } from '../../../transpiler/diagnostics/codes.js';
import { printDiagnostic } from '../../../transpiler/diagnostics/print.js';
import { transpileExamples } from '../../../transpiler/reference/examples.js';
import { matchesGolden, root } from '../../support/golden.js';

const FOLDER = 'tests/transpiler/diagnostics/golden';

const bad = refusals('bad');
const good = refusals('good');

for (const { code, title } of CODES) {
  t.test(`${code} says that ${title}`, (t) => {
    const found = bad.filter(({ at }) => at.file === `${code}.ts`);
    t.ok(found.some((diagnostic) => diagnostic.code === code));
    const text = found
      .map(printDiagnostic)
      .join('\n\n')
      .replace(/examples-\w+/g, 'example');
    matchesGolden(t, `${FOLDER}/${code}.txt`, `${text}\n`);
    t.end();
  });
}

t.test('no good example is refused', (t) => {
  t.same(good.map(printDiagnostic), []);
  t.end();
});

t.test('the codes are distinct and in order', (t) => {
  const codes = CODES.map(({ code }) => code);
  t.same(codes, [...new Set(codes)].sort());
  t.end();
});

t.test('there is one golden file for each code', (t) => {
  const files = readdirSync(join(root, FOLDER)).sort();
  t.same(
    files,
    CODES.map(({ code }) => `${code}.txt`),
  );
  t.end();
});

function refusals(kind: 'bad' | 'good') {
  const examples = CODES.map((description) => ({ name: description.code, code: `${description[kind]}\n` }));
  return transpileExamples(root, examples).diagnostics;
}
