/**
 * A medium whose tsvm cannot be loaded does not let the machine start its own disk. That it could be started shows in
 * tests/long/failures.test.ts, which has the whole table: there some media are told to.
 */
import t from 'tap';
import { bootFailure, NODE_RUNS, REFUSED } from './failures.js';

t.setTimeout(900_000);

for (const uefi of [true, false]) {
  const firmware = uefi ? 'UEFI' : 'a BIOS';
  const medium = { kind: 'usb', from: 'usb', uefi, fault: 'damaged' } as const;

  t.test(`${firmware}: a stick with a damaged tsvm.bin stands still, and says why`, async (t) => {
    const { serial, ended } = await bootFailure(t, medium);
    t.match(serial, REFUSED);
    t.notMatch(serial, NODE_RUNS);
    t.equal(ended, 'stopped');
  });
}

t.test('UEFI: a sound stick comes back to the firmware, which starts the disk as a guest', async (t) => {
  const { serial, ended } = await bootFailure(t, { kind: 'usb', from: 'usb', uefi: true, fault: 'none' });
  t.match(serial, /tsvm: the firmware goes on as the guest/);
  t.match(serial, NODE_RUNS);
  t.match(serial, /^guest: AMD-V is off$/m);
  t.equal(ended, 'off');
});
