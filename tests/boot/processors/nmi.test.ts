import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { AMD_MODEL, bootInBochs, type BochsBootOptions } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { temporaryFolder } from '../../support/machines/harness.js';

const TICKS_A_SECOND = 25_000_000;
const TIMER_FREQUENCY = 1_193_182;
/** NMIs sent: 1,000 by the program, and one more by the handler of each. */
const SENT = 2000;

async function run(t: Test, chosen: BochsBootOptions = {}): Promise<Map<string, number>> {
  const kernel = join(await temporaryFolder(t), 'nmi');
  await assembleBareProgram(root, 'nmi', kernel);
  const { serial, ended } = await bootInBochs({ kernel, initrd: null, append: '', seconds: 120, ...chosen });
  t.equal(ended, 'off');
  return new Map(
    [...serial.matchAll(/^nmi: (.+) = (0x[0-9a-f]+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
}

/** The number of NMIs that the timer must have raised. */
function expectedNmis(values: Map<string, number>): number {
  const { ticks = 0, period = NaN } = Object.fromEntries(values) as Partial<Record<string, number>>;
  return ((ticks / TICKS_A_SECOND) * TIMER_FREQUENCY) / period;
}

/** Checks that no NMI is lost and none comes twice. */
function allCame(t: Test, values: Map<string, number>): void {
  const expected = expectedNmis(values);
  const seen = values.get('NMIs') ?? 0;
  t.ok(expected > 1000 && Math.abs(seen - expected) < 2, `${seen} of ${expected}`);
  t.equal(values.get('NMIs of two for each round'), SENT);
  t.equal(values.get('deepest'), 1, 'the next one waits until IRET');
}

t.test(
  'under AMD-V, where each NMI leaves the guest, and the IRET of its handler, none is lost or comes twice',
  async (t) => {
    allCame(t, await run(t, { model: AMD_MODEL, image: null }));
    allCame(t, await run(t, { model: AMD_MODEL }));
  },
);

t.test(
  'under VT-x, where most NMIs come while the hypervisor answers CPUID, none is lost or comes twice',
  async (t) => {
    allCame(t, await run(t, { image: null }));
    const guest = await run(t);
    allCame(t, guest);
    for (const event of ['INT3', 'INT', 'invalid opcode', 'general protection', 'NMI']) {
      t.equal(guest.get(event), 1, `${event} is delivered once, though its delivery left the guest`);
      t.equal(guest.get(`${event}, error code`), event === 'general protection' ? 0x1230 : 0);
    }
    t.equal(guest.get('NMIs about an IRET in hidden memory'), 2);
    t.equal(guest.get('of them before its end'), 0);
  },
);
