/** What several processors cost, counted by a plugin of the emulator's: the phases that the bench shows, in full. */
import t from 'tap';
import { changePerRound, describe, measureProcessors, SHARED_MACHINES } from '../../bench/processors.js';
import { freshImage } from '../support/machines/harness.js';

t.setTimeout(3_600_000);

/** Of the bare machine's instructions; what does not differ but by chance is within 1 %. */
const MOST_CHANGE = 0.02;
const PHASES_WITH_ROUNDS = 4;

for (const machine of SHARED_MACHINES) {
  t.test(`no exit, and hardly an instruction more than on the bare machine: ${describe(machine)}`, async (t) => {
    const image = await freshImage();
    const bare = await measureProcessors(null, machine);
    const guest = await measureProcessors(image, machine);
    const changes = guest.map((phase, index) => changePerRound(bare[index], phase));
    t.equal(changes.filter((change) => change !== null).length, PHASES_WITH_ROUNDS);
    for (const [index, { name, exits }] of guest.entries()) {
      const change = changes[index] ?? 0;
      t.equal(exits, 0, `${name}: exits`);
      t.ok(change <= MOST_CHANGE, `${name}: ${(change * 100).toFixed(2)} % more in a round`);
    }
  });
}
