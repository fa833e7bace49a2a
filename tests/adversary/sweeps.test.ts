/**
 * Random values in the registers of interrupt controllers free no processor, and have the same effects as on the bare machine.
 * TSVM_SEED repeats a run.
 */
import { randomInt } from 'node:crypto';
import t from 'tap';
import { undoneImage } from '../support/machines/undone.js';
import { type Outcome, runAttack } from './attack.js';
import { type OtherUndoing, PASSES_WIDTHS, SENDS_COMMANDS, WRITES_OPERAND } from './otherUndoings.js';
import { escapeOf, findingOf, PLAN, sweep } from './plan.js';
import { attackInSeries } from './series.js';

t.setTimeout(600_000);

const HIGHEST_SEED = 2 ** 31;
const seed = Number(process.env['TSVM_SEED'] ?? randomInt(1, HIGHEST_SEED));
t.comment(`TSVM_SEED=${seed}`);

const OTHERS = 2;
const GENERAL_PROTECTION = '0d';

/** Registers that depend on time: IRR and TMR with timer interrupts, the error status, and the timer's current count. */
const BY_TIME = / at (0(1[89a-f]|2[0-8]|39)0|08(1[89a-f]|2[0-8]|39)) /;
/**
 * Registers that tsvm controls: the ICR, which does not show refused INITs, and the APIC ID, which does not change. In x2APIC mode
 * Bochs 2.7 shows the last command of xAPIC mode in the ICR, which is one of tsvm's start-up.
 */
const HELD = / at (0(02|30|31)0|0830) /;
/** Sweeps after whose writes the registers must read as on the bare machine. In QEMU they depend on time. */
const COMPARED = [
  'sweeps a, AMD-V of Bochs',
  'sweeps a, VT-x of Bochs',
  'sweeps i, VT-x of Bochs',
  'sweeps x, VT-x of Bochs',
];

interface Write {
  readonly what: string;
  readonly vector: string;
  readonly read: string;
}

function writesOf({ serial }: Outcome): Write[] {
  const lines = [...serial.matchAll(/^sweeps: (.* at .* of .*) = (\S\S) (\S{8})$/gm)];
  return lines.map(([, what = '', vector = '', read = '']) => ({ what, vector, read }));
}

const isComparable = ({ what }: Write): boolean => !BY_TIME.test(what) && !HELD.test(what);

for (const { name, attack } of PLAN.filter(({ name }) => name.startsWith('sweeps'))) {
  t.test(`${name}: no processor escapes`, async (t) => {
    const outcome = await runAttack(attack(seed));
    t.equal(findingOf(outcome), null);
    t.equal(outcome.values.get('processors that still start'), OTHERS);
    const writes = writesOf(outcome);
    t.equal(writes.length, outcome.values.get('attempts in all'));
    const done = writes.filter(({ vector }) => vector !== GENERAL_PROTECTION);
    if (name.startsWith('sweeps w')) t.same(done, [], 'what the hypervisor does not do for the guest is refused');
    // No emulator has a processor with AMD-V and x2APIC mode.
    else if (name === 'sweeps x, AMD-V of Bochs') t.same(done, [], 'there are no such registers');
    else t.ok(done.length > writes.length / 3, `${done.length} writes are done`);
    if (!COMPARED.includes(name)) return;
    const bare = writesOf(await runAttack({ ...attack(seed), image: null }));
    t.same(writes.filter(isComparable), bare.filter(isComparable), 'registers read as on the bare machine');
  });
}

/** The seed of controls in Bochs, which then do the same each time. */
const CONTROL_SEED = 1;
const MOST_ATTEMPTS = 500;

function withUndone({ name, replacements }: OtherUndoing): Promise<string> {
  return undoneImage(name, replacements);
}

t.test(`control: a processor escapes where ${SENDS_COMMANDS.what}`, async (t) => {
  const image = await withUndone(SENDS_COMMANDS);
  const { attempts, finding } = await attackInSeries(sweep('QEMU', 'a'), MOST_ATTEMPTS, escapeOf, image);
  t.match(finding, /left the hypervisor/, `after ${attempts} attempts`);
});

t.test(`control: writes are done where ${PASSES_WIDTHS.what}`, async (t) => {
  const image = await withUndone(PASSES_WIDTHS);
  const attack = sweep('QEMU', 'w').attack(CONTROL_SEED);
  const outcome = await runAttack({ ...attack, image, until: /^sweeps: .* = (?!0d)\S\S /m });
  t.ok(writesOf(outcome).some(({ vector }) => vector !== GENERAL_PROTECTION));
});

t.test(`control: registers read otherwise than on the bare machine where ${WRITES_OPERAND.what}`, async (t) => {
  const attack = sweep('AMD-V of Bochs', 'a').attack(CONTROL_SEED);
  const bare = writesOf(await runAttack({ ...attack, image: null }));
  const guest = writesOf(await runAttack({ ...attack, image: await withUndone(WRITES_OPERAND) }));
  t.equal(guest.length, bare.length);
  t.strictNotSame(guest.filter(isComparable), bare.filter(isComparable));
});
