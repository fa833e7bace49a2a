/** Compares what instructions do to memory that the guest has with what tsvm does for them, where an owner lets them pass. */
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Form } from '../../kernel/instruction/forms.js';
import { type Case, casesOf } from './cases.js';
import { type Emulator, runForms } from './machines.js';
import { passedOnImage } from './passedOn.js';

/** Groups that are shown in full if they differ, and how many cases of them. */
const SHOWN_GROUPS = 3;
const SHOWN_CASES = 3;

/** Checks that the cases of the chosen forms have the same outcomes on the bare machine as under tsvm. */
export async function compareForms(t: Test, emulator: Emulator, choose?: (forms: Form[]) => Form[]): Promise<void> {
  const cases = casesOf(join(t.testdir(), 'lines'), choose);
  const image = await passedOnImage();
  const bare = await runForms(t, emulator, null, cases);
  const guest = await runForms(t, emulator, image, cases);
  const groups = [...new Set(cases.map(({ group }) => group))];
  t.same([...bare.checksums.keys()], groups, 'all groups ran');
  t.equal(bare.accesses, 0);
  t.ok(guest.accesses > cases.length, `${guest.accesses} accesses by ${cases.length} instructions`);
  const different = groups.filter((group) => guest.checksums.get(group) !== bare.checksums.get(group));
  t.same(different, [], 'the groups that differ');
  for (const group of different.slice(0, SHOWN_GROUPS)) {
    const ofGroup = cases.filter((each) => each.group === group);
    await showDifferences(t, emulator, image, ofGroup);
  }
}

/** Runs `cases` again and fails with the first ones whose states differ. */
async function showDifferences(t: Test, emulator: Emulator, image: string, cases: readonly Case[]): Promise<void> {
  const bare = await runForms(t, emulator, null, cases, true);
  const guest = await runForms(t, emulator, image, cases, true);
  const different = cases.flatMap(({ text, code }, i) => {
    const isSame = bare.states[i] === guest.states[i];
    return isSame
      ? []
      : [{ text, code: Buffer.from(code).toString('hex'), bare: bare.states[i], guest: guest.states[i] }];
  });
  t.comment(`${different.length} of ${cases.length} differ`);
  for (const { text, code, ...states } of different.slice(0, SHOWN_CASES)) {
    t.same(states.guest?.split(' '), states.bare?.split(' '), `${text} (${code})`);
  }
}
