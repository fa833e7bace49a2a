/**
 * Instructions whose accesses tsvm does for the guest leave memory, registers and flags as on the bare machine, and take few
 * instructions of tsvm's. Those that it does not know raise #GP.
 */
import t from 'tap';
import { compareForms } from './compare.js';
import { EMULATORS } from './machines.js';
import { passedOnImage } from './passedOn.js';
import { measurePasses } from './passes.js';

t.setTimeout(300_000);

/** Every so many forms are tried here, and all in tests/long/. No list of operands has a multiple of it as its length. */
const STEP = 13;

const MOST_OF_PORT = 150;

const image = await passedOnImage('passed-on');

for (const emulator of EMULATORS) {
  t.test(`instructions that tsvm does have their effects, on ${emulator}`, (t) =>
    compareForms(t, emulator, image, (forms) => forms.filter((_, index) => index % STEP === 0)),
  );

  t.test(`an access to a port that passes takes ${MOST_OF_PORT} instructions at most, on ${emulator}`, async (t) => {
    const counts = await measurePasses(t, emulator, image);
    t.ok(counts.size > 2);
    for (const [name, count] of counts) {
      if (name.endsWith('port')) t.ok(count > 10 && count <= MOST_OF_PORT, `${name}: ${count}`);
      else t.comment(`${name}: ${count}`);
    }
  });
}
