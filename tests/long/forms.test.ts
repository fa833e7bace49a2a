/** All forms of the instructions that are decoded; tests/boot/forms/ tries some of them. */
import t from 'tap';
import { compareForms } from '../boot/forms/compare.js';
import { MEDIATING } from '../boot/forms/machines.js';

t.setTimeout(900_000);

for (const emulator of MEDIATING) {
  t.test(`all instructions that tsvm does have their effects, on ${emulator}`, (t) => compareForms(t, emulator));
}
