import t from 'tap';
import { seedOfRun } from '../random/findings.js';
import { tryMutants } from './tryMutants.js';

t.setTimeout(300_000);

const PROGRAMS = 150;
const seed = seedOfRun();

t.test(
  `a program with a guard, bound or contract less is refused, or sound all the same (TSVM_SEED=${seed})`,
  async (t) => {
    const { finding, mutants, accepted } = await tryMutants(seed, PROGRAMS);
    t.equal(finding, null);
    t.ok(mutants > PROGRAMS, `${mutants} mutants`);
    t.ok(accepted > mutants / 20 && accepted < (mutants * 19) / 20, `${accepted} of them are accepted`);
  },
);
