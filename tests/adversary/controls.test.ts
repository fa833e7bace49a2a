/** With one defence undone, the race that attacks it makes a processor escape, and so does sweep `i`: see races.test.ts and sweeps.test.ts. */
import t from 'tap';
import { undoneImage } from '../support/machines/undone.js';
import { escapeOf, race, sweep } from './plan.js';
import { attackInSeries } from './series.js';
import { UNDOINGS, WAITS_IN_HARDWARE } from './undoings.js';

t.setTimeout(900_000);

const MOST_ATTEMPTS = 500;

for (const { name, what, race: kind, replacements } of UNDOINGS) {
  t.test(`race ${kind} escapes where ${what}`, async (t) => {
    const image = await undoneImage(name, replacements);
    const planned = race('AMD-V of Bochs', kind, MOST_ATTEMPTS);
    const { attempts, finding } = await attackInSeries(planned, MOST_ATTEMPTS, escapeOf, image);
    t.match(finding, /left the hypervisor/, `after ${attempts} attempts`);
  });
}

t.test(`sweep i escapes where ${WAITS_IN_HARDWARE.what}`, async (t) => {
  const image = await undoneImage(WAITS_IN_HARDWARE.name, WAITS_IN_HARDWARE.replacements);
  const { attempts, finding } = await attackInSeries(sweep('QEMU', 'i'), MOST_ATTEMPTS, escapeOf, image);
  t.match(finding, /left the hypervisor/, `after ${attempts} attempts`);
});
