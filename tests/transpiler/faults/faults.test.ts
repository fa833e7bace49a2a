import t from 'tap';
import { seedOfRun } from '../random/findings.js';
import { FAULTS } from './faults.js';
import { editedFiles, lookFor } from './plant.js';

t.setTimeout(300_000);

/** One fault each of the prover, the checks and the emitter, found soon with any seed. `npm run test:all` looks for all faults. */
const SOME = [
  'what is to prove inside ensures is taken as true',
  'contracts may act',
  'the left of = is evaluated after the right',
];
const MOST_PROGRAMS = 2_000;
const seed = seedOfRun();

t.test('each fault can be planted: what it replaces is there, once', (t) => {
  for (const fault of FAULTS) t.ok(editedFiles(fault).size > 0, `${fault.family}: ${fault.name}`);
  t.end();
});

for (const fault of FAULTS.filter(({ name }) => SOME.includes(name))) {
  t.test(`random programs find that ${fault.name} (TSVM_SEED=${seed})`, async (t) => {
    const found = await lookFor(fault, seed, MOST_PROGRAMS);
    t.ok(found, `${fault.family}: within ${found?.programs ?? MOST_PROGRAMS} programs`);
  });
}
