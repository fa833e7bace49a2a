import t from 'tap';
import { measureOperations } from '../../bench/operations.js';
import { freshImage } from './harness.js';

/** Instructions of the hypervisor, there and back; the guest's own come to them. */
const MOST_FOR_APIC = 400;
/** The same where it must be told whom the command reaches. */
const MOST_TO_START = 490;
const GUEST_INSTRUCTIONS = 5;

t.test(
  'a write to the local APIC that leaves the guest costs 400 instructions at most, one that resets or starts a processor 490',
  async (t) => {
    await freshImage();
    const { perOperation } = await measureOperations();
    for (const name of ['APIC write', 'APIC command']) {
      const count = perOperation[name] ?? 0;
      t.ok(count > 100 && count <= MOST_FOR_APIC + GUEST_INSTRUCTIONS, `${name}: ${count}`);
    }
    for (const name of ['INIT command', 'SIPI command']) {
      const count = perOperation[name] ?? 0;
      t.ok(count > 100 && count <= MOST_TO_START + GUEST_INSTRUCTIONS, `${name}: ${count}`);
    }
  },
);
