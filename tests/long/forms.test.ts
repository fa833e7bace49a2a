/** All forms of the instructions that are decoded; tests/boot/forms/ tries some of them. */
import { join } from 'node:path';
import t from 'tap';
import { casesOf, groupsOf } from '../boot/forms/cases.js';
import { compareForms, differentGroups } from '../boot/forms/compare.js';
import { EMULATORS, runForms } from '../boot/forms/machines.js';
import { passedOnImage } from '../boot/forms/passedOn.js';

t.setTimeout(900_000);

const image = await passedOnImage('passed-on-long');

for (const emulator of EMULATORS) {
  t.test(`all instructions that tsvm does have their effects, on ${emulator}`, (t) => compareForms(t, emulator, image));
}

t.test('control: a NOT that leaves its operand is found, first and in each kind of code', async (t) => {
  const fault = { file: 'kernel/instruction/operations.ts', from: 'destination ^ operands.mask', to: 'destination' };
  const faulty = await passedOnImage('passed-on-faulty', [fault]);
  const cases = casesOf(join(t.testdir(), 'lines'));
  const bare = await runForms(t, 'QEMU', null, cases);
  const guest = await runForms(t, 'QEMU', faulty, cases);
  const nots = [64, 32, 16].map((size) => `not in ${size}-bit code`);
  const different = differentGroups(groupsOf(cases), bare, guest);
  t.equal(different[0], nots[0], 'groups behind it may find what it left in the page');
  t.same(
    nots.filter((name) => !different.includes(name)),
    [],
  );
});
