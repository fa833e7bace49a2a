import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../images/bare.js';
import { bootInBochs } from './bochs.js';
import { root, temporaryFolder } from './harness.js';

const TICKS_A_SECOND = 25_000_000;
const TIMER_FREQUENCY = 1_193_182;
/** Each is sent by main and, from within its handler, once more. */
const SENT = 2000;

async function run(t: Test, image?: null): Promise<Map<string, number>> {
  const kernel = join(await temporaryFolder(t), 'nmi');
  await assembleBareProgram(root, 'nmi', kernel);
  const machine = { kernel, initrd: null, append: '', seconds: 120, ...(image === null ? { image } : {}) };
  const { serial, ended } = await bootInBochs(machine);
  t.equal(ended, 'off');
  return new Map(
    [...serial.matchAll(/^nmi: (.+) = (0x[0-9a-f]+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
}

/** How many NMIs the timer must have made. */
function expectedNmis(values: Map<string, number>): number {
  const { ticks = 0, period = NaN } = Object.fromEntries(values) as Partial<Record<string, number>>;
  return ((ticks / TICKS_A_SECOND) * TIMER_FREQUENCY) / period;
}

t.test('no NMI is lost or comes twice, most of which come while the hypervisor answers CPUID', async (t) => {
  const bare = await run(t, null);
  const guest = await run(t);
  for (const values of [bare, guest]) {
    const expected = expectedNmis(values);
    const seen = values.get('NMIs') ?? 0;
    t.ok(expected > 1000 && Math.abs(seen - expected) < 2, `${seen} of ${expected}`);
    t.equal(values.get('NMIs of two for each round'), SENT);
    t.equal(values.get('deepest'), 1, 'the next one waits until IRET');
  }
  for (const event of ['INT3', 'INT', 'invalid opcode', 'general protection', 'NMI']) {
    t.equal(guest.get(event), 1, `${event} is delivered once, though its delivery left the guest`);
    t.equal(guest.get(`${event}, error code`), event === 'general protection' ? 0x1230 : 0);
  }
  t.equal(guest.get('NMIs about an IRET in hidden memory'), 2);
  t.equal(guest.get('of them before its end'), 0);
});
