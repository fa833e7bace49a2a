/** Applies each fix that is code to its program: the fault is gone, and there is no new one. */
import t from 'tap';
import { CODES } from '../../../transpiler/diagnostics/codes.js';
import type { Diagnostic } from '../../../transpiler/diagnostics/diagnostic.js';
import { printDiagnostic } from '../../../transpiler/diagnostics/print.js';
import { transpileExamples, type Example } from '../../../transpiler/reference/examples.js';
import { root } from '../../support/golden.js';
import { applied } from './apply.js';
import { FAULTY, type Faulty } from './faulty.js';

const examples: readonly Faulty[] = [
  ...CODES.map(({ code, bad }) => ({ name: `bad example of ${code}`, text: `${bad}\n` })),
  ...FAULTY,
];
const all: readonly Example[] = examples.map(({ text }, index) => ({
  name: `m${index}`,
  code: text.replaceAll('NAME', `m${index}`),
}));
const { diagnostics } = transpileExamples(root, all);
const before = all.map((example) => of(example, diagnostics));

t.test('each program is refused in the words given', (t) => {
  for (const [index, { name, says = [], fixes }] of examples.entries()) {
    const found = before[index] ?? [];
    t.not(found.length, 0, name);
    for (const words of says) t.match(found.map(printDiagnostic).join('\n'), words, name);
    if (fixes !== undefined) t.same(found[0]?.fixes, fixes, name);
  }
  t.end();
});

t.test('with each fix in it, a program has one fault less', (t) => {
  const tried = all.flatMap((example, index) => {
    const faults = before[index] ?? [];
    const each = faults.flatMap(({ at, changes = [] }) => changes.map((change) => ({ at, change })));
    return each.map(({ at, change }, which) => ({
      name: `${example.name}_${which}`,
      code: applied(example.code, at, change).replaceAll(`'${example.name}'`, `'${example.name}_${which}'`),
      faults,
    }));
  });
  t.ok(tried.length > 60, `${tried.length} fixes are tried`);
  const after = transpileExamples(root, tried);
  for (const { name, code, faults } of tried) {
    const left = of({ name }, after.diagnostics);
    const codes = faults.map((fault) => fault.code);
    const isLess = left.length < faults.length && left.every((one) => codes.includes(one.code));
    t.ok(isLess, code, { left: left.map(printDiagnostic), before: faults.map(printDiagnostic) });
  }
  t.end();
});

t.test('what a diagnostic shows as code is a change, which is tried above', (t) => {
  for (const { code, fixes, changes = [] } of before.flat()) {
    if (!code.startsWith('TSV2')) continue;
    const shown = fixes.filter((fix) => / {2}\S/.test(fix));
    t.equal(shown.length, changes.length, shown.join('\n'));
  }
  t.end();
});

function of({ name }: Pick<Example, 'name'>, found: readonly Diagnostic[]): readonly Diagnostic[] {
  return found.filter(({ at }) => at.file === `${name}.ts`);
}
