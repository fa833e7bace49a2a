/**
 * Boots many times on a busy host, to find races between processors that start or stop. Each machine boots as often without tsvm,
 * to distinguish faults of the hypervisor from those of the emulator.
 */
import { execa } from 'execa';
import { availableParallelism } from 'node:os';
import t from 'tap';
import { boot } from '../support/machines/harness.js';

t.setTimeout(36_000_000);

const ROUNDS = 200;
const SECONDS = 600;
const APPEND = 'console=ttyS0 quiet tsvm.run=poweroff';

/** Keeps all processors of the host busy during the test. */
const load = Array.from({ length: availableParallelism() }, () =>
  execa(process.execPath, ['-e', 'for (;;);'], { reject: false }),
);
t.teardown(() => {
  for (const busy of load) busy.kill();
});

for (const machine of ['q35', 'pc']) {
  for (const cpus of [2, 4]) {
    t.test(`${cpus} processors start and power off ${ROUNDS} times: ${machine}`, async (t) => {
      const hangs = { guest: 0, bare: 0 };
      for (let round = 1; round <= ROUNDS; round++) {
        const guest = await boot({ machine, cpus, append: APPEND, seconds: SECONDS });
        if (!isWhole(guest, cpus)) hangs.guest++;
        if (!isWhole(guest, cpus)) t.comment(`round ${round}: ${guest.ended}\n${guest.serial}`);
        if (!isWhole(await boot({ machine, cpus, append: APPEND, seconds: SECONDS, image: null }), cpus)) hangs.bare++;
      }
      t.ok(hangs.guest <= hangs.bare, `${hangs.guest} of ${ROUNDS} did not come to their end, ${hangs.bare} bare ones`);
    });
  }
}

function isWhole({ serial, ended }: { serial: string; ended: string }, cpus: number): boolean {
  return ended === 'off' && new RegExp(`^guest: Linux .*, ${cpus} CPU`, 'm').test(serial);
}
