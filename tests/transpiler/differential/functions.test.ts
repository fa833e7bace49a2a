import fc from 'fast-check';
import t from 'tap';
import type { Function } from '../../../transpiler/ir/nodes.js';
import { compareRuns } from '../../support/hosted/compare.js';
import { anyCase } from '../../support/hosted/generate.js';
import { compileNative } from '../../support/hosted/nativeRun.js';
import { scratchFolder } from '../../support/hosted/scratch.js';
import { loadKernel } from './kernel.js';
import { notRun } from './notRun.js';

t.setTimeout(300_000);

const CASES = 60;
/** A function counts as compared if at least this many of its cases ran in Node and in C. */
const ENOUGH = 3;
/** The same cases each time, unless TSVM_SEED=... asks for others. */
const seed = Number(process.env['TSVM_SEED'] ?? 1);

const { program, functions: tested, files, loaded } = await loadKernel();
const native = await compileNative(program, files, tested, scratchFolder(t, 'kernel-c'));
const seldom: string[] = [];

for (const one of tested) {
  t.test(`${nameOf(one)}: the same result, memory and intrinsics in Node and in C`, async (t) => {
    const { ran, difference } = await compareRuns(loaded, native, fc.sample(anyCase(one), { seed, numRuns: CASES }));
    if (ran.length < ENOUGH) seldom.push(nameOf(one));
    t.equal(difference?.inC, difference?.inNode, difference?.call ?? `${ran.length} cases`);
  });
}

t.test('no function drops out of the comparison unless it is known why', (t) => {
  t.same(
    seldom.filter((name) => !(name in notRun)),
    [],
  );
  const names = tested.map(nameOf);
  t.same(
    Object.keys(notRun).filter((name) => !names.includes(name)),
    [],
    'the list has no function that is gone',
  );
  t.end();
});

function nameOf({ module, name }: Function): string {
  return `${module.name} ${name}`;
}
