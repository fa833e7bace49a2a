/** The checked C of programs that are proved does what they do in Node: no check fails, and none has an effect. */
import fc from 'fast-check';
import t from 'tap';
import { transpileChecked, type TranspiledChecked } from '../../../transpiler/index.js';
import { acceptedIn, seedOfRun, tryModules } from '../random/findings.js';
import { anyProgram, modulesOf, ofTemplate } from '../random/modules.js';
import { CONSTRUCTS } from '../random/templates/index.js';
import { eachIsChecked } from './completeness.js';

t.setTimeout(300_000);

const PROGRAMS = 40;
const CASES = 8;
const seed = seedOfRun();

t.test(`random programs do the same in Node and in checked C (TSVM_SEED=${seed})`, async (t) => {
  const [constructs] = fc.sample(fc.tuple(...CONSTRUCTS.map(ofTemplate)), { seed, numRuns: 1 });
  const others = fc.sample(anyProgram, { seed, numRuns: PROGRAMS });
  const results: TranspiledChecked[] = [];
  const tried = await tryModules(modulesOf([...(constructs ?? []), ...others]), {
    seed,
    cases: CASES,
    transpile: (options) => {
      const result = transpileChecked(options);
      results.push(result);
      return result;
    },
  });
  t.equal(tried.finding, null);
  t.ok(tried.calls > acceptedIn(tried) * 2, `${tried.calls} calls ran both ways`);
  const last = results.at(-1);
  t.ok(last && eachIsChecked(t, last).size > 5, 'the programs have many kinds of obligations');
});
