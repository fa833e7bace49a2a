/** Many attempts of each race in Bochs, which follows the rules for INIT, SIPI and NMI. This takes more than an hour. */
import t from 'tap';
import { findingOf, race } from '../adversary/plan.js';
import { attackInSeries } from '../adversary/series.js';

const ATTEMPTS = 10_000;
t.setTimeout(24 * 3_600_000);

for (const kind of ['n', 'i', 'c'] as const) {
  t.test(`in ${ATTEMPTS} attempts of race ${kind} no processor escapes`, async (t) => {
    const { attempts, starts, missed, finding } = await attackInSeries(
      race('AMD-V of Bochs', kind),
      ATTEMPTS,
      findingOf,
    );
    t.equal(finding, null);
    t.ok(attempts >= ATTEMPTS && starts >= ATTEMPTS, `${attempts} attempts, ${starts} starts, ${missed} not answered`);
  });
}
