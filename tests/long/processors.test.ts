/** The cost of several processors, counted by a plugin of the emulator in the complete phases of the bench. */
import t from 'tap';
import { changePerRound, describe, measureProcessors, SHARED_MACHINES } from '../../bench/processors.js';
import { freshImage } from '../support/machines/harness.js';

t.setTimeout(3_600_000);

/** The limit of a change, as a fraction of the bare machine's instructions. Random differences are below 1 %. */
const MOST_CHANGE = 0.02;
const PHASES_WITH_ROUNDS = 4;

for (const machine of SHARED_MACHINES) {
  t.test(`no exits, and at most 2 % more instructions than on the bare machine: ${describe(machine)}`, async (t) => {
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
