/**
 * Random values in the registers of interrupt controllers free no processor, and have the same effects as on the bare machine.
 * TSVM_SEED repeats a run.
 */
import { randomInt } from 'node:crypto';
import t from 'tap';
import { type Outcome, runAttack } from './attack.js';
import { findingOf, PLAN, sweep } from './plan.js';

t.setTimeout(600_000);

const HIGHEST_SEED = 2 ** 31;
const seed = Number(process.env['TSVM_SEED'] ?? randomInt(1, HIGHEST_SEED));
t.comment(`TSVM_SEED=${seed}`);

const OTHERS = 2;
const GENERAL_PROTECTION = '0d';

/** Registers that depend on time: IRR and TMR with timer interrupts, the error status, and the timer's current count. */
const BY_TIME = / at 0(1[89a-f]|2[0-8]|39)0 /;
/** Registers that tsvm controls: the ICR, which does not show refused INITs, and the APIC ID, which does not change. */
const HELD = / at 0(02|30|31)0 /;

interface Write {
  readonly what: string;
  readonly vector: string;
  readonly read: string;
}

function writesOf({ serial }: Outcome): Write[] {
  const lines = [...serial.matchAll(/^sweeps: (.* at .* of .*) = (\S\S) (\S{8})$/gm)];
  return lines.map(([, what = '', vector = '', read = '']) => ({ what, vector, read }));
}

for (const { name, attack } of PLAN.filter(({ name }) => name.startsWith('sweeps'))) {
  t.test(`${name}: no processor escapes`, async (t) => {
    const outcome = await runAttack(attack(seed));
    t.equal(findingOf(outcome), null);
    t.equal(outcome.values.get('processors that still start'), OTHERS);
    const writes = writesOf(outcome);
    t.equal(writes.length, outcome.values.get('attempts in all'));
    if (!name.startsWith('sweeps w')) return;
    const done = writes.filter(({ vector }) => vector !== GENERAL_PROTECTION);
    t.same(done, [], 'what the hypervisor does not do for the guest is refused');
  });
}

t.test('after each write the registers of the local APIC read as on the bare machine', async (t) => {
  const attack = sweep('AMD-V of Bochs', 'a').attack(seed);
  const bare = writesOf(await runAttack({ ...attack, image: null }));
  const guest = writesOf(await runAttack(attack));
  t.ok(bare.length > 0, `${bare.length} writes`);
  const isComparable = ({ what }: Write) => !BY_TIME.test(what) && !HELD.test(what);
  t.same(guest.filter(isComparable), bare.filter(isComparable));
});
