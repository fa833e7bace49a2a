import fc from 'fast-check';
import t from 'tap';
import { coverageOf, missingFrom } from './coverage.js';
import { acceptedIn, seedOfRun, tryModules } from './findings.js';
import { anyProgram, modulesOf, ofTemplate } from './modules.js';
import { CONSTRUCTS } from './templates/index.js';

t.setTimeout(300_000);

const PROGRAMS = 270;
const CASES = 12;
const seed = seedOfRun();

t.test(`random programs do the same in Node and in C (TSVM_SEED=${seed})`, async (t) => {
  const [constructs] = fc.sample(fc.tuple(...CONSTRUCTS.map(ofTemplate)), { seed, numRuns: 1 });
  const others = fc.sample(anyProgram, { seed, numRuns: PROGRAMS });
  const tried = await tryModules(modulesOf([...(constructs ?? []), ...others]), { seed, cases: CASES });
  t.equal(tried.finding, null);
  const accepted = acceptedIn(tried);
  t.ok(accepted > PROGRAMS / 3, `${accepted} of ${PROGRAMS + CONSTRUCTS.length} programs are accepted`);
  t.ok(tried.calls > accepted * 3, `${tried.calls} calls ran both ways`);
  t.same(
    tried.checked && missingFrom(coverageOf(tried.checked.program)),
    [],
    'what they use of the language, counted in what the frontend made of them: all of it',
  );
});
