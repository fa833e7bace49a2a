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

/** Limits for what tsvm adds to an access, in instructions. */
const LIMITS = {
  'read of a port': 150,
  'write of a port': 150,
  'read of 32 bits': 450,
  'write of 32 bits': 360,
};

const image = await passedOnImage('passed-on');

for (const emulator of EMULATORS) {
  t.test(`instructions that tsvm does have their effects, on ${emulator}`, (t) =>
    compareForms(t, emulator, image, (forms) => forms.filter((_, index) => index % STEP === 0)),
  );

  t.test(`an access to a port or to memory that passes takes few instructions, on ${emulator}`, async (t) => {
    const counts = await measurePasses(t, emulator, image);
    for (const [name, most] of Object.entries(LIMITS)) {
      const count = counts.get(name) ?? 0;
      t.ok(count > 10 && count <= most, `${name}: ${count}, of ${most} at most`);
    }
  });
}
