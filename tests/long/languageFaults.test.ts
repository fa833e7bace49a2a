import t from 'tap';
import { FAULTS } from '../transpiler/faults/faults.js';
import { lookFor } from '../transpiler/faults/plant.js';
import { seedOfRun } from '../transpiler/random/findings.js';

t.setTimeout(3_600_000);

const MOST_PROGRAMS = 2_000;
const seed = seedOfRun();

for (const fault of FAULTS) {
  t.test(`${fault.family}: random programs find that ${fault.name} (TSVM_SEED=${seed})`, async (t) => {
    const found = await lookFor(fault, seed, MOST_PROGRAMS);
    t.ok(found, found === null ? `not within ${MOST_PROGRAMS} programs` : `within ${found.programs} programs`);
  });
}
