/** Compares what instructions do to memory that the guest has with what tsvm does for them, where an owner lets them pass. */
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Form } from '../../kernel/instruction/forms.js';
import { type Case, casesOf, groupsOf } from './cases.js';
import { type Emulator, type Run, runForms } from './machines.js';
import { longStrings, unknownInstructions } from './specials.js';

/** Groups that are shown in full if they differ, and how many cases of them. */
const SHOWN_GROUPS = 3;
const SHOWN_CASES = 3;

/** The vector of #GP and its error code, and the vector of an instruction without an exception. */
const REFUSED = ['000000000000000d', '0000000000000000'];
const DONE = 'ffffffffffffffff';
/** A state has the registers behind the vector, the error code and the flags. */
const FIRST_REGISTER = 3;

/**
 * Checks that instructions of the chosen forms, and long strings, have the same outcomes on the bare machine as under `image`, of
 * passedOn.ts, and that those that tsvm does not know raise #GP there.
 */
export async function compareForms(
  t: Test,
  emulator: Emulator,
  image: string,
  choose?: (forms: Form[]) => Form[],
): Promise<void> {
  const file = join(t.testdir(), 'lines');
  const cases = [...casesOf(file, choose), ...longStrings(file)];
  const unknown = unknownInstructions(file);
  const bare = await runForms(t, emulator, null, [...cases, ...unknown]);
  const guest = await runForms(t, emulator, image, [...cases, ...unknown]);
  t.equal(bare.accesses, 0);
  t.ok(guest.accesses > cases.length, `${guest.accesses} accesses by ${cases.length} instructions`);
  checkUnknown(t, unknown, bare, guest);
  const groups = groupsOf(cases);
  t.same([...bare.checksums.keys()].slice(0, groups.length), groups, 'all groups ran');
  const different = differentGroups(groups, bare, guest);
  t.same(different, [], 'the groups that differ');
  for (const group of different.slice(0, SHOWN_GROUPS)) {
    const ofGroup = cases.filter((each) => each.group === group).map((each) => ({ ...each, isPrinted: true }));
    showDifferences(
      t,
      ofGroup,
      await runForms(t, emulator, null, ofGroup),
      await runForms(t, emulator, image, ofGroup),
    );
  }
}

/** The groups with other outcomes under tsvm than on the bare machine. */
export function differentGroups(groups: readonly string[], bare: Run, guest: Run): string[] {
  return groups.filter((group) => guest.checksums.get(group) !== bare.checksums.get(group));
}

/** Fails with the first cases whose states differ. */
function showDifferences(t: Test, cases: readonly Case[], bare: Run, guest: Run): void {
  const places = cases.flatMap((_, i) => (bare.states[i] === guest.states[i] ? [] : [i]));
  t.comment(`${places.length} of ${cases.length} differ`);
  for (const i of places.slice(0, SHOWN_CASES)) {
    const { text, code } = cases[i] as Case;
    t.same(guest.states[i]?.split(' '), bare.states[i]?.split(' '), `${text} (${Buffer.from(code).toString('hex')})`);
  }
}

/** Checks that the last cases, which the bare machine does, raise #GP under tsvm and change no register. */
function checkUnknown(t: Test, cases: readonly Case[], bare: Run, guest: Run): void {
  cases.forEach(({ text, registers }, i) => {
    const state = guest.states[i]?.split(' ') ?? [];
    const before = registers.map((value) => value.toString(16).padStart(16, '0'));
    t.equal(bare.states[i]?.split(' ')[0], DONE, `${text} on the bare machine`);
    t.same(
      [...state.slice(0, 2), ...state.slice(FIRST_REGISTER).slice(0, before.length)],
      [...REFUSED, ...before],
      text,
    );
  });
}
