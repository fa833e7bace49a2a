import t from 'tap';
import { boot } from '../../support/machines/harness.js';

for (const cpus of [1, 2, 4]) {
  t.test(`UEFI firmware with ${cpus} CPU starts the bundle's Linux on all of them`, async (t) => {
    const { serial, ended } = await boot({ uefi: true, cpus, append: 'console=ttyS0 tsvm.run=poweroff' });
    t.match(serial, /^EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID device path$/m);
    t.match(serial, new RegExp(`^guest: Linux \\S+, ${cpus} CPU,`, 'm'));
    t.match(serial, new RegExp(`^tsvm, hypercall interface 1 on AMD-V, ${cpus} processor`, 'm'));
    t.match(serial, /^guest: ready$/m);
    t.match(serial, /reboot: Power down/);
    t.equal(ended, 'off');
  });
}

t.test('the firmware’s map has the memory of the hypervisor as reserved', async (t) => {
  const { serial } = await boot({ uefi: true, cpus: 2, append: 'console=ttyS0 tsvm.run=poweroff' });
  const [, kibibytes = '0', start = '0'] = /(\d+) KiB kept at 0x([0-9a-f]+)/.exec(serial) ?? [];
  const first = BigInt(`0x${start}`);
  const last = first + BigInt(kibibytes) * 1024n - 1n;
  const reserved = [...serial.matchAll(/BIOS-e820: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] reserved$/gm)];
  t.ok(
    reserved.some(([, from = '0', to = '0']) => BigInt(`0x${from}`) <= first && last <= BigInt(`0x${to}`)),
    `${kibibytes} KiB at 0x${start} are in none of\n${reserved.map(([line]) => line).join('\n')}`,
  );
});

/** Without the reset service Linux would jump to the reset vector; the firmware would start as the guest, where tsvm refuses. */
t.test('with runtime services Linux writes a variable, resets the machine, and then finds the variable', async (t) => {
  const append = 'console=ttyS0 quiet reboot=efi tsvm.run=variable';
  const { serial, ended } = await boot({ uefi: true, cpus: 2, append, endOnReset: false });
  t.match(serial, /^guest: the EFI variable is written$[^]*reboot: Restarting system/m);
  t.match(serial, /^guest: the EFI variable holds: kept over a restart$/m);
  t.equal([...serial.matchAll(/^tsvm, hypercall interface 1 on AMD-V, 2 processors/gm)].length, 2, 'both under tsvm');
  t.equal(ended, 'off');
});
