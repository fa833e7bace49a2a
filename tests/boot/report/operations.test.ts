import t from 'tap';
import { measureOperations } from '../../../bench/operations.js';
import { freshImage } from '../../support/machines/harness.js';

/** Limit for an exit and entry, in instructions: the hypervisor's and the guest's, without the one that causes the exit. */
const MOST = 340;
/** The same for an INIT or a SIPI to one processor. */
const MOST_TO_ONE = 400;
/** Limit for a command to all others of four processors. Each further processor takes 10 more instructions. */
const MOST_TO_MANY = 460;
const GUEST_INSTRUCTIONS = 2;
const WRITES = ['APIC write', 'APIC command'];
const TO_ONE = ['INIT command', 'SIPI command'];
const TO_MANY = ['SIPI for all others', 'INIT for all others', 'NMI for all others'];
const MOST_AT_START = 5_000_000;

await freshImage();
const { startUp, startUpWith16Mib, perOperation } = await measureOperations();

for (const [names, most] of [
  [WRITES, MOST],
  [TO_ONE, MOST_TO_ONE],
  [TO_MANY, MOST_TO_MANY],
] as const) {
  t.test(`a write to the local APIC that causes an exit takes ${most} instructions at most`, (t) => {
    for (const name of names) {
      const count = perOperation[name] ?? 0;
      t.ok(count > 100 && count <= most + GUEST_INSTRUCTIONS, `${name}: ${count}`);
    }
    t.end();
  });
}

t.test(
  'start-up takes less than 5 million instructions without copying, including the check of a 16 MiB guest',
  (t) => {
    t.ok(startUp > 100_000 && startUp < startUpWith16Mib, `${startUp} with a small guest`);
    t.ok(startUpWith16Mib < MOST_AT_START, `${startUpWith16Mib} with a large one`);
    t.end();
  },
);
