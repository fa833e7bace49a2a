/**
 * A medium whose tsvm cannot be loaded does not start the machine's own disk. tests/long/failures.test.ts has the whole table,
 * and shows that the disk could be started: there some media have that as their fallback.
 */
import t from 'tap';
import { bootFailure, NODE_RUNS, REFUSED } from './failures.js';

t.setTimeout(900_000);

for (const uefi of [true, false]) {
  const firmware = uefi ? 'UEFI' : 'a BIOS';
  const medium = { kind: 'usb', from: 'usb', uefi, fault: 'damaged' } as const;

  t.test(`${firmware}: with a damaged tsvm.bin on a stick the machine stands still, and says why`, async (t) => {
    const { serial, ended } = await bootFailure(t, medium);
    t.match(serial, REFUSED);
    t.notMatch(serial, NODE_RUNS);
    t.equal(ended, 'stopped');
  });
}

t.test('UEFI: a stick without faults returns to the firmware, which starts the disk as a guest', async (t) => {
  const { serial, ended } = await bootFailure(t, { kind: 'usb', from: 'usb', uefi: true, fault: 'none' });
  t.match(serial, /tsvm: the firmware goes on as the guest/);
  t.match(serial, NODE_RUNS);
  t.match(serial, /^guest: AMD-V is off$/m);
  t.equal(ended, 'off');
});
