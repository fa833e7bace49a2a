/** Every medium with a damaged or missing tsvm.bin: the machine does not start its own disk, although it could. */
import t from 'tap';
import type { Controller } from '../support/machines/media.js';
import { bootFailure, type FirstFile, lastWords, NODE_RUNS } from '../guests/failures.js';

t.setTimeout(3_600_000);

const MEDIA: readonly { kind: 'iso' | 'disk' | 'usb' | 'pxe'; from: Controller | FirstFile; uefi: boolean }[] = [
  { kind: 'iso', from: 'cd', uefi: false },
  { kind: 'iso', from: 'usb', uefi: false },
  { kind: 'disk', from: 'ahci', uefi: false },
  { kind: 'usb', from: 'usb', uefi: false },
  { kind: 'pxe', from: 'grub.0', uefi: false },
  { kind: 'pxe', from: 'pxelinux.0', uefi: false },
  { kind: 'pxe', from: 'tsvm.ipxe', uefi: false },
  { kind: 'iso', from: 'cd', uefi: true },
  { kind: 'iso', from: 'usb', uefi: true },
  { kind: 'disk', from: 'ahci', uefi: true },
  { kind: 'usb', from: 'usb', uefi: true },
  { kind: 'pxe', from: 'tsvm.ipxe', uefi: true },
];

for (const medium of MEDIA) {
  const name = `${medium.uefi ? 'UEFI' : 'BIOS'}, ${medium.kind} by ${medium.from}`;

  for (const fault of ['damaged', 'missing'] as const) {
    for (const options of ['', 'crash=reset']) {
      t.test(`${name}, ${options || 'without options'}: ${fault}`, async (t) => {
        const failure = { ...medium, fault, options };
        const { serial, ended } = await bootFailure(t, failure);
        t.match(serial, lastWords(failure));
        t.notMatch(serial, NODE_RUNS);
        t.equal(ended, 'stopped');
      });
    }
  }

  t.test(`${name}: with --fallback node the disk starts`, async (t) => {
    const { serial } = await bootFailure(t, { ...medium, fault: 'missing', fallback: 'node' });
    t.match(serial, NODE_RUNS);
  });
  t.test(`${name}: without a fault the disk starts as a guest`, async (t) => {
    const { serial } = await bootFailure(t, { ...medium, fault: 'none' });
    t.match(serial, NODE_RUNS);
    t.match(serial, medium.uefi ? /^guest: AMD-V is off$/m : /tsvm: starting the guest[^]*^bios: start/m);
  });
}
