/** A node with Debian and GRUB on its disk: tsvm starts from another medium, and then boots the unchanged disk. */
import t from 'tap';
import { bootDebian, cameToLogin, describe, type DiskCase, ranUnderTsvm } from './debianDisk.js';

t.setTimeout(1_800_000);

const CASES: readonly DiskCase[] = [
  { uefi: false, controller: 'ahci', medium: { kind: 'iso', controller: 'cd' } },
  { uefi: true, controller: 'nvme', medium: { kind: 'usb', controller: 'usb' } },
];

for (const disk of CASES) {
  t.test(describe(disk), async (t) => {
    const result = await bootDebian(t, disk);
    cameToLogin(t, result);
    ranUnderTsvm(t, result);
  });
}
