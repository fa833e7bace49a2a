/** The Debian disk, booted in the ways that tests/guests/ leaves out, and on the bare machine. */
import t from 'tap';
import { bootDebian, cameToLogin, describe, type DiskCase, ranUnderTsvm } from '../guests/debianDisk.js';

t.setTimeout(3_600_000);

const UNDER_TSVM: readonly DiskCase[] = [
  { uefi: false, controller: 'nvme', medium: { kind: 'iso', controller: 'cd' } },
  // Here the stick is the first disk, and the node's own disk the second.
  { uefi: false, controller: 'ahci', medium: { kind: 'usb', controller: 'usb' } },
  { uefi: true, controller: 'ahci', medium: { kind: 'usb', controller: 'usb' } },
  { uefi: true, controller: 'nvme', medium: { kind: 'iso', controller: 'cd' } },
];

for (const disk of UNDER_TSVM) {
  t.test(describe(disk), async (t) => {
    const result = await bootDebian(t, disk);
    cameToLogin(t, result);
    ranUnderTsvm(t, result);
  });
}

for (const controller of ['ahci', 'nvme'] as const) {
  for (const uefi of [false, true]) {
    const disk = { uefi, controller, medium: null };
    t.test(describe(disk), async (t) => cameToLogin(t, await bootDebian(t, disk)));
  }
}
