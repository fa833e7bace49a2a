/**
 * Boots many times on a busy host, to find races between processors that start or stop. Each machine boots as often without tsvm,
 * to distinguish faults of the hypervisor from those of the emulator.
 *
 * The whole takes a day or more, so it can be run in pieces, whose counts add up: TSVM_ROUNDS is the number of rounds, in each of
 * which every machine boots once with and once without tsvm; after TSVM_MINUTES no further round begins.
 */
import { execa } from 'execa';
import { availableParallelism } from 'node:os';
import t from 'tap';
import { boot } from '../support/machines/harness.js';

t.setTimeout(7 * 24 * 3_600_000);

const ROUNDS = numberFrom('TSVM_ROUNDS', 200);
const MINUTES = numberFrom('TSVM_MINUTES', Infinity);
const MILLISECONDS_A_MINUTE = 60_000;
const SECONDS = 600;
const APPEND = 'console=ttyS0 quiet tsvm.run=poweroff';

interface Kind {
  readonly machine: 'q35' | 'pc';
  readonly cpus: number;
  /** How many boots did not come to their end. */
  readonly hangs: { guest: number; bare: number };
}

const kinds: readonly Kind[] = (['q35', 'pc'] as const).flatMap((machine) =>
  [2, 4].map((cpus) => ({ machine, cpus, hangs: { guest: 0, bare: 0 } })),
);

/** Keeps all processors of the host busy during the test. */
const load = Array.from({ length: availableParallelism() }, () =>
  execa(process.execPath, ['-e', 'for (;;);'], { reject: false }),
);
t.teardown(() => {
  for (const busy of load) busy.kill();
});

t.test('all processors start, and the machine powers off, as often as without tsvm', async (t) => {
  const end = Date.now() + MINUTES * MILLISECONDS_A_MINUTE;
  let rounds = 0;
  while (rounds < ROUNDS && Date.now() < end) {
    rounds++;
    for (const kind of kinds) {
      for (const who of ['guest', 'bare'] as const) await bootOnce(kind, who, rounds);
    }
  }
  t.ok(rounds > 0, `${rounds} rounds`);
  for (const { machine, cpus, hangs } of kinds) {
    const counts = `${hangs.guest} of ${rounds} boots with tsvm did not come to their end, ${hangs.bare} of ${rounds} without`;
    t.ok(hangs.guest <= hangs.bare, `${machine}, ${cpus} processors: ${counts}`);
  }
});

async function bootOnce({ machine, cpus, hangs }: Kind, who: 'guest' | 'bare', round: number): Promise<void> {
  const image = who === 'bare' ? { image: null } : {};
  const { serial, ended } = await boot({ machine, cpus, append: APPEND, seconds: SECONDS, ...image });
  if (ended === 'off' && new RegExp(`^guest: Linux .*, ${cpus} CPU`, 'm').test(serial)) return;
  hangs[who]++;
  t.comment(`${machine}, ${cpus} processors, ${who}, round ${round}: ${ended}\n${serial}`);
}

/** A positive number from the environment variable `name`. */
function numberFrom(name: string, otherwise: number): number {
  const number = Number(process.env[name] ?? otherwise);
  if (!(number > 0)) throw new Error(`${name}=${process.env[name]} is to be a number above 0`);
  return number;
}
