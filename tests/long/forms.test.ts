/** All forms of the instructions that are decoded; tests/boot/forms/ tries some of them. */
import t from 'tap';
import { compareForms } from '../boot/forms/compare.js';
import { EMULATORS } from '../boot/forms/machines.js';
import { passedOnImage } from '../boot/forms/passedOn.js';

t.setTimeout(900_000);

const image = await passedOnImage('passed-on-long');

for (const emulator of EMULATORS) {
  t.test(`all instructions that tsvm does have their effects, on ${emulator}`, (t) => compareForms(t, emulator, image));
}
