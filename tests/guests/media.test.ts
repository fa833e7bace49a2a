/** Firmware boots the media of `tsvm image`. Each guest shows tsvm-stat, gets ready and powers off. */
import t, { type Test } from 'tap';
import { boot, type Boot } from '../support/machines/harness.js';
import { briefGuest, type Controller, drive, MACHINE, makeMedium, type MediumKind } from '../support/machines/media.js';

t.setTimeout(900_000);

const CASES: readonly { kind: MediumKind; controller: Controller; uefi: boolean }[] = [
  { kind: 'iso', controller: 'cd', uefi: false },
  { kind: 'iso', controller: 'usb', uefi: false },
  { kind: 'disk', controller: 'ahci', uefi: false },
  { kind: 'usb', controller: 'usb', uefi: false },
  { kind: 'iso', controller: 'cd', uefi: true },
  { kind: 'disk', controller: 'nvme', uefi: true },
  { kind: 'usb', controller: 'usb', uefi: true },
];

function showsGuest(t: Test, { serial, ended }: Boot): void {
  t.match(serial, /^tsvm, hypercall interface .*, 2 processors/m);
  t.match(serial, /^guest: ready$/m);
  t.match(serial, /reboot: Power down/);
  t.equal(ended, 'off');
}

for (const { kind, controller, uefi } of CASES) {
  const firmware = uefi ? 'UEFI' : 'a BIOS';
  t.test(`${firmware} boots the medium ${kind} by ${controller}, and two processors run its guest`, async (t) => {
    const medium = await makeMedium(t, kind, await briefGuest());
    showsGuest(t, await boot({ ...MACHINE, uefi, extra: drive(controller, medium, 0) }));
  });
}

for (const uefi of [false, true]) {
  t.test(`a disk passes its options on ${uefi ? 'UEFI' : 'a BIOS'}: an unknown one is reported`, async (t) => {
    const medium = await makeMedium(t, 'disk', null, 'crash=reset no-such=option');
    const until = /unknown option .*\n/;
    const { serial } = await boot({ ...MACHINE, uefi, until, extra: drive('ahci', medium, 0) });
    t.match(serial, /^tsvm: unknown option "no-such=option"; the options are /m);
  });
}
