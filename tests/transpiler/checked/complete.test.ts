/** For each kind of obligation: the checked C has exactly as many checks as the prover has obligations. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { emit, transpileChecked } from '../../../transpiler/index.js';
import type { Claim } from '../../../transpiler/ir/obligations.js';
import { root, scratchFolder } from '../../support/hosted/scratch.js';
import { withImports } from '../prove/support.js';
import { eachIsChecked } from './completeness.js';
import { BROKEN } from './programs.js';

t.setTimeout(300_000);

const LIBRARY = '../../../transpiler/lib/index.js';

t.test('in the kernel', (t) => {
  const kernel = transpileChecked({ folder: join(root, 'kernel') });
  t.same(kernel.diagnostics, []);
  eachIsChecked(t, kernel);
  for (const [name, text] of emit(kernel.program)) t.notMatch(text, /CHECK\(/, `${name} as it is ordinarily`);
  t.end();
});

t.test('in programs that break each kind', (t) => {
  const folder = scratchFolder(t, 'complete');
  BROKEN.forEach(({ text }, index) =>
    writeFileSync(join(folder, `m${index}.ts`), withImports(text.replaceAll('ID', String(index)), LIBRARY)),
  );
  const kinds = eachIsChecked(t, transpileChecked({ folder }));
  const all: Record<Claim['kind'], true> = {
    within: true,
    notZero: true,
    notNull: true,
    divides: true,
    character: true,
    bytes: true,
    requires: true,
    entry: true,
    contract: true,
    cases: true,
    never: true,
  };
  t.same([...kinds].sort(), Object.keys(all).sort(), 'these programs have all kinds');
  t.end();
});
