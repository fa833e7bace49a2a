/** The controls of races.test.ts: with one defence undone, the race that attacks it makes a processor escape. */
import t from 'tap';
import { undoneImage } from '../support/machines/undone.js';
import { escapeOf, race } from './plan.js';
import { attackInSeries } from './series.js';
import { UNDOINGS } from './undoings.js';

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
