import t from 'tap';
import type { Outcome } from './attack.js';
import { findingOf, PLAN } from './plan.js';

const SOUND: Outcome = {
  serial: 'tsvm: starting the guest\n',
  ended: 'reset',
  values: new Map([['attempts in all', 5]]),
};

t.test('a run that ended properly is not a finding', (t) => {
  t.equal(findingOf(SOUND), null);
  t.end();
});

t.test('an escape, a crash, an early end and a missing end are findings', (t) => {
  t.match(findingOf({ ...SOUND, values: new Map([['ESCAPED', 3]]) }), /left the hypervisor in attempt 3/);
  t.match(findingOf({ ...SOUND, serial: 'tsvm: crash: a reason\n' }), /crash: a reason/);
  t.match(findingOf({ ...SOUND, values: new Map() }), /before its last attempt: reset/);
  t.match(findingOf({ ...SOUND, ended: 'timeout' }), /did not end/);
  t.end();
});

t.test('an attack depends on nothing but the seed', (t) => {
  for (const { name, attack } of PLAN) {
    t.same(attack(7), attack(7), name);
    t.not(attack(7).words, attack(8).words, name);
  }
  t.equal(new Set(PLAN.map(({ name }) => name)).size, PLAN.length);
  t.end();
});
