/** Instructions whose accesses tsvm does for the guest leave memory, registers and flags as on the bare machine. */
import t from 'tap';
import { compareForms } from './compare.js';
import { MEDIATING } from './machines.js';

t.setTimeout(300_000);

/** Every so many forms are tried here, and all in tests/long/. No list of operands has a multiple of it as its length. */
const STEP = 7;

for (const emulator of MEDIATING) {
  t.test(`instructions that tsvm does have their effects, on ${emulator}`, (t) =>
    compareForms(t, emulator, (forms) => forms.filter((_, index) => index % STEP === 0)),
  );
}
