/**
 * A guest that resets the machine, whatever its processors do just then, ends as on the bare machine: the firmware starts what
 * the boot order says, which is the hypervisor. The guest does not come back instead by the shutdown code.
 */
import t from 'tap';
import { runAttack } from './attack.js';

t.setTimeout(600_000);

const CPUS = 3;
const ATTEMPTS = 40;
/** After the arguments of the attempts: the seed, how long a processor may take, and the longest delay. */
const WORDS = `${ATTEMPTS} 1 2000000000 12 ${CPUS}`;
const COMES_BACK = /came back.*\n/;
const COMES_TWICE = /in all[^]*in all.*\n|came back.*\n/;

function program(kind: string) {
  return { program: 'resets', cpus: CPUS, words: `${kind} ${WORDS}`, endOnReset: false } as const;
}

/** Runs the program until it has come twice, or until the firmware has continued where the program asked it to. */
async function startsOf(kind: string, machine: string, image?: null) {
  const attack = { emulator: 'QEMU', machine, until: COMES_TWICE, ...(image === null ? { image } : {}) } as const;
  const { serial, values } = await runAttack({ ...attack, ...program(kind) });
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

for (const [kind, emulator, machine, by] of [
  ['s', 'QEMU', 'q35', 'a wake from S3'],
  ['c', 'AMD-V of Bochs', undefined, 'a jump by way of 40h:67h'],
  ['c', 'VT-x of Bochs', undefined, 'a jump by way of 40h:67h'],
] as const) {
  t.test(`the firmware of ${emulator} does not take a reset for ${by}`, async (t) => {
    const attack = { emulator, ...(machine === undefined ? {} : { machine }), ...program(kind) };
    const bare = await runAttack({ ...attack, image: null, until: COMES_BACK });
    t.match(bare.serial, COMES_BACK, 'on the bare machine it does, sooner or later');
    const { serial, ended } = await runAttack({ ...attack, until: COMES_TWICE });
    t.match(serial, /attempts in all/);
    t.notMatch(serial, COMES_BACK);
    t.not(
      ended,
      'timeout',
      'the firmware begins anew; the BIOS of Bochs then stops at the keyboard, on the bare machine, too',
    );
  });
}
