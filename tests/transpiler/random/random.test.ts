import fc from 'fast-check';
import t from 'tap';
import type { Function } from '../../../transpiler/ir/nodes.js';
import { compareRuns } from '../../support/hosted/compare.js';
import { anyCase } from '../../support/hosted/generate.js';
import { compileNative } from '../../support/hosted/nativeRun.js';
import { loadProgram } from '../../support/hosted/nodeRun.js';
import { scratchFolder } from '../../support/hosted/scratch.js';
import { checkModules, compileForNode, textOf, type Checked } from './batch.js';
import { drawn } from './draw.js';
import { randomModule } from './modules.js';

t.setTimeout(300_000);

const MODULES = 24;
const FUNCTIONS = 14;
const CASES = 30;
/** The same programs each time, unless TSVM_SEED=... asks for others. */
const seed = Number(process.env['TSVM_SEED'] ?? 1);

t.test(`random programs do the same in Node and in C (TSVM_SEED=${seed})`, async (t) => {
  const program = drawn((draw) => Array.from({ length: MODULES }, (_, id) => randomModule(draw, id, FUNCTIONS)));
  const [modules] = fc.sample(program, { seed, numRuns: 1 });
  const folder = scratchFolder(t, 'random');
  const checked = checkModules(folder, modules ?? []);
  const written = MODULES * FUNCTIONS;
  const kept = checked.accepted.reduce((sum, { functions }) => sum + functions.length, 0);
  t.ok(kept > written / 4, `the checker accepts enough of them to say something: ${kept} of ${written}`);

  const loaded = await loadProgram(checked.program, compileForNode(folder, checked.accepted));
  const tested = checked.program.entries;
  const cases = tested.flatMap((one) => fc.sample(anyCase(one), { seed, numRuns: CASES }));
  const native = await compileNative(checked.program, checked.files, tested, scratchFolder(t, 'random-c'));
  const { ran, difference } = await compareRuns(loaded, native, cases);
  if (difference) {
    t.comment(sourceOf(checked, difference.case.function));
    t.equal(difference.inC, difference.inNode, difference.call);
  }
  t.ok(ran.length > cases.length / 2, `${ran.length} of ${cases.length} calls ran both ways`);
});

function sourceOf({ accepted }: Checked, tested: Function): string {
  const module = accepted[Number(tested.module.name.slice(1))];
  return module?.functions.find((text) => text.includes(` ${tested.name}(`)) ?? (module ? textOf(module) : '');
}
