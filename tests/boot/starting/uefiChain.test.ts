import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { boot, freshImage, temporaryFolder } from '../../support/machines/harness.js';
import { startGuest, startImage, withUefiDisk } from '../../support/machines/uefiDisk.js';

for (const cpus of [1, 2]) {
  t.test(`without a guest of its own it returns to its caller, which is then a guest: ${cpus} CPU`, async (t) => {
    const machine = await withUefiDisk(t, { commands: [...startImage(''), ...startGuest] });
    const { serial, ended } = await boot({ ...machine, cpus });
    t.match(serial, /tsvm: the firmware goes on as the guest/);
    t.match(serial, /guest: an EFI application/);
    t.match(serial, /guest: AMD-V is off/);
    t.equal(ended, 'off');
  });
}

t.test('an image that the guest starts again says so, and returns', async (t) => {
  const machine = await withUefiDisk(t, { commands: [...startImage(''), ...startImage(''), ...startGuest] });
  const { serial, ended } = await boot(machine);
  t.equal(serial.match(/tsvm: the firmware goes on as the guest/g)?.length, 1);
  t.match(serial, /tsvm: this is the guest of a tsvm that runs already/);
  t.match(serial, /guest: AMD-V is off/);
  t.equal(ended, 'off');
});

t.test('a test task is refused if no timer can cause a VM exit', async (t) => {
  const machine = await withUefiDisk(t, { commands: [...startImage('test-timer=1ms'), ...startGuest] });
  const { serial, ended } = await boot({ ...machine, until: /test-timer= needs VT-x/ });
  t.match(serial, /tsvm: the option test-timer= needs VT-x/);
  t.equal(ended, 'stopped');
});

t.test('the option chain= names an application on the same disk', async (t) => {
  const machine = await withUefiDisk(t, { commands: startImage("'chain=\\EFI\\test\\guest.efi'") });
  const { serial, ended } = await boot(machine);
  t.match(serial, /guest: AMD-V is off/);
  t.equal(ended, 'off');
});

t.test('a missing chained application is reported, and the machine stands still', async (t) => {
  const machine = await withUefiDisk(t, { commands: [...startImage("'chain=\\nowhere.efi'"), ...startGuest] });
  const { serial, ended } = await boot({ ...machine, until: /status 0x.*\n/ });
  t.match(serial, /tsvm: the firmware does not load the file of chain=: status 0x800000000000000e/);
  t.notMatch(serial, /guest:/);
  t.equal(ended, 'stopped');
});

t.test('with refusal=firmware and a missing application the firmware goes on, as a guest', async (t) => {
  const options = "refusal=firmware 'chain=\\nowhere.efi'";
  const machine = await withUefiDisk(t, { commands: [...startImage(options), ...startGuest] });
  const { serial, ended } = await boot(machine);
  t.match(serial, /tsvm: the firmware does not load the file of chain=: status 0x800000000000000e/);
  t.match(serial, /guest: AMD-V is off/);
  t.equal(ended, 'off');
});

const REFUSALS = [
  { options: 'crash=later', cpu: 'EPYC', line: /tsvm: unknown option "crash=later".*\n/g },
  { options: '', cpu: 'EPYC,-svm', line: /tsvm: this processor has no AMD-V \(SVM\) and no Intel VT-x \(VMX\)\n/g },
  { options: '', cpu: 'EPYC,-npt', line: /tsvm: this processor has AMD-V \(SVM\) without nested paging\n/g },
];

t.test('the reason why it cannot start is reported once, and the machine stands still', async (t) => {
  for (const { options, cpu, line } of REFUSALS) {
    const machine = await withUefiDisk(t, { commands: [...startImage(options), ...startGuest] });
    const { serial, ended } = await boot({ ...machine, cpu, until: new RegExp(line.source) });
    t.equal(serial.match(line)?.length, 1, serial);
    t.notMatch(serial, /guest:/);
    t.equal(ended, 'stopped');
  }
});

t.test('with refusal=firmware the firmware goes on without a hypervisor that cannot start', async (t) => {
  for (const { options, cpu, line } of REFUSALS) {
    const words = `refusal=firmware ${options}`;
    const machine = await withUefiDisk(t, { commands: [...startImage(words), ...startGuest] });
    const { serial, ended } = await boot({ ...machine, cpu });
    t.equal(serial.match(line)?.length, 1, serial);
    t.match(serial, /guest: AMD-V is on/);
    t.equal(ended, 'off');
  }
});

t.test('a damaged image is reported, and the machine stands still', async (t) => {
  const damaged = join(await temporaryFolder(t), 'damaged.bin');
  const content = await readFile(await freshImage());
  const last = content.length - 0x2000;
  content.writeUInt8(content.readUInt8(last) ^ 1, last);
  await writeFile(damaged, content);
  const machine = await withUefiDisk(t, {
    commands: [...startImage('refusal=firmware'), ...startGuest],
    image: damaged,
  });
  const { serial, ended } = await boot({ ...machine, until: /damaged\n/ });
  t.match(serial, /tsvm: the image is damaged/);
  t.notMatch(serial, /guest:/);
  t.equal(ended, 'stopped');
});
