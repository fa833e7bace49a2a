/** A processor that starts or stops while another attacks it stays in the hypervisor's hands. */
import t from 'tap';
import { runAttack } from './attack.js';

t.setTimeout(600_000);

const ATTEMPTS = 100;
/** Counts of the time-stamp counter in which a processor starts, on a busy host too. */
const PATIENCE = 2_000_000_000;

/** Random delays are shorter than this power of two, of rounds of a loop. */
const LONGEST_DELAY = 16;

for (const [kind, what] of [['i', 'an INIT for a processor that a SIPI starts']] as const) {
  t.test(`on QEMU ${what} leads nowhere`, async (t) => {
    const words = `${kind} ${ATTEMPTS} 1 ${PATIENCE} ${LONGEST_DELAY}`;
    const { values, ended } = await runAttack({ emulator: 'QEMU', program: 'races', cpus: 3, words });
    t.notOk(values.has('ESCAPED'));
    t.equal(values.get('attempts in all'), ATTEMPTS);
    // On a busy host the third processor is at times so late that its INIT comes after the last SIPI.
    const [starts, missed] = [values.get('starts') ?? 0, values.get('no answer') ?? 0];
    t.ok(starts > 0 && starts + missed >= ATTEMPTS, `${starts} starts, and ${missed} undone by an INIT that came late`);
    t.equal(ended, 'off');
  });
}
