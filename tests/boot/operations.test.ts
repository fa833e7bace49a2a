import t from 'tap';
import { measureOperations } from '../../bench/operations.js';
import { freshImage } from './harness.js';

/** Instructions of the hypervisor, there and back; the guest's own come to them. */
const MOST = 400;
const GUEST_INSTRUCTIONS = 3;

t.test('a write to the local APIC that leaves the guest costs 400 instructions at most', async (t) => {
  await freshImage();
  const { perOperation } = await measureOperations();
  for (const name of ['APIC write', 'APIC command', 'INIT command', 'SIPI command']) {
    const count = perOperation[name] ?? 0;
    t.ok(count > 100 && count <= MOST + GUEST_INSTRUCTIONS, `${name}: ${count}`);
  }
});
