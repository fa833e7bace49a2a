/**
 * A guest that resets the machine, whatever its processors do just then, ends as on the bare machine: the firmware starts what
 * the boot order says, which is the hypervisor. docs/security.md says by which firmware a guest can come back instead.
 */
import t from 'tap';
import { runAttack } from './attack.js';

t.setTimeout(600_000);

const CPUS = 3;
const ATTEMPTS = 40;
/** After the arguments of the attempts: the seed, how long a processor may take, and the longest delay. */
const WORDS = `${ATTEMPTS} 1 2000000000 12 ${CPUS}`;
const COMES_TWICE = /in all[^]*in all.*\n|came back.*\n/;

/** Runs the program until it has come twice, or until the firmware has continued where the program asked it to. */
async function startsOf(kind: string, machine: string, image?: null) {
  const attack = { emulator: 'QEMU', program: 'resets', cpus: CPUS, words: `${kind} ${WORDS}`, machine } as const;
  const run = { ...attack, endOnReset: false, until: COMES_TWICE, ...(image === null ? { image } : {}) };
  const { serial, values } = await runAttack(run);
  return {
    serial,
    escaped: values.has('ESCAPED'),
    starts: [...serial.matchAll(/^resets: attempts in all/gm)].length,
    hypervisors: [...serial.matchAll(/^tsvm: starting the guest$/gm)].length,
  };
}

for (const [kind, machine, by] of [
  ['c', 'pc', 'port CF9h'],
  ['p', 'q35', 'port 92h'],
  ['k', 'pc', 'the keyboard controller'],
  ['t', 'q35', 'a triple fault'],
] as const) {
  t.test(`after a reset by ${by} the guest starts again, under the hypervisor`, async (t) => {
    const bare = await startsOf(kind, machine, null);
    t.ok(bare.starts > 1, 'on the bare machine, too');
    const { serial, escaped, starts, hypervisors } = await startsOf(kind, machine);
    t.ok(starts > 1);
    t.ok(hypervisors >= starts, `${hypervisors} starts of the hypervisor, ${starts} of the program`);
    t.notOk(escaped, 'it never reads hidden memory');
    t.notMatch(serial, /came back/);
  });
}
