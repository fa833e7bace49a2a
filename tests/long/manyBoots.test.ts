/** Whether processors ever miss each other while they start or stop. */
import t from 'tap';
import { boot } from '../boot/harness.js';

t.setTimeout(7_200_000);

const ROUNDS = 50;

for (let round = 1; round <= ROUNDS; round++) {
  t.test(`four processors start and power off: ${round} of ${ROUNDS}`, async (t) => {
    const { serial, ended } = await boot({ cpus: 4, append: 'console=ttyS0 quiet tsvm.run=poweroff' });
    t.match(serial, /^guest: Linux .*, 4 CPU/m);
    t.match(serial, /^tsvm, .*, 4 processors/m);
    t.equal(ended, 'off');
  });
}
