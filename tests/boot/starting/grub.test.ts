import t from 'tap';
import { makeEfiGrubShell, makeGrubShell } from '../../../images/grubShell.js';
import { drive, MACHINE, makeMedium } from '../../support/machines/media.js';
import { boot, type BootOptions, defaultGuest, temporaryFolder } from '../../support/machines/harness.js';

t.setTimeout(300_000);

const { kernel, initrd } = await defaultGuest();

/** Matches `count` prompts of GRUB's shell. */
const prompt = (count: number): RegExp => new RegExp(`(?:grub>[^]*){${count}}`);

/** The text without the escape sequences that GRUB writes between characters. */
function plain(serial: string): string {
  return serial.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
}

function machine(disk: string): BootOptions {
  const drive = ['-drive', `file=${disk},format=raw,if=none,id=disk`, '-device', 'ide-hd,drive=disk'];
  return { kernel: null, initrd: null, memory: '512M', seconds: 240, extra: drive };
}

t.test('GRUB runs as the guest, answers at its shell, and starts Linux', async (t) => {
  const disk = await makeGrubShell({ kernel, initrd }, await temporaryFolder(t));
  const { serial, ended } = await boot({
    ...machine(disk),
    dialogue: [
      [prompt(1), 'ls'],
      [prompt(2), 'lsmmap'],
      [prompt(3), 'linux /kernel console=ttyS0 quiet no_timer_check tsvm.run=poweroff'],
      [prompt(4), 'initrd /initrd'],
      [prompt(5), 'boot'],
    ],
  });
  const text = plain(serial);
  t.match(text, /^tsvm: the guest starts from disk 0x80$/m);
  t.match(text, /^\(hd0\) \(hd0,msdos1\)/m);
  const ranges = [...text.matchAll(/^base_addr = (\w+), length = (\w+), (\w+) RAM/gm)];
  const kept = /kept at (0x[0-9a-f]+)$/m.exec(text)?.[1];
  t.match(
    ranges.map(([, start, , kind]) => `${start} ${kind}`),
    [`0x0 available`, /^0x9\w+ reserved$/],
  );
  t.ok(
    ranges.some(([, start, , kind]) => start === kept && kind === 'reserved'),
    `lsmmap shows ${kept} as reserved`,
  );
  t.match(text, /^guest: Linux .*, 1 CPU/m);
  t.match(text, /^guest: ready$/m);
  t.equal(ended, 'off');
});

/** Unusable memory in the firmware's map, as GRUB lists it. */
const RESERVED = /^reserved +([0-9a-f]+)-([0-9a-f]+)/gm;

t.test('on UEFI the firmware goes on from the stick with tsvm to the disk, whose GRUB runs as the guest', async (t) => {
  const stick = drive('usb', await makeMedium(t, 'usb', null), 0);
  const disk = drive('ahci', await makeEfiGrubShell({ kernel, initrd }, await temporaryFolder(t)), 1);
  const { serial, ended } = await boot({
    ...MACHINE,
    uefi: true,
    seconds: 240,
    extra: [...stick, ...disk],
    dialogue: [
      [prompt(1), 'ls'],
      [prompt(2), 'lsefimmap'],
      [prompt(3), 'linux /kernel console=ttyS0 quiet no_timer_check tsvm.run=poweroff'],
      [prompt(4), 'initrd /initrd'],
      [prompt(5), 'boot'],
    ],
  });
  const text = plain(serial);
  t.match(text, /tsvm: the firmware goes on as the guest[^]*grub>/);
  t.match(text, /\(hd0\).*\(hd1\)/);
  const kept = BigInt(/kept at (0x[0-9a-f]+)$/m.exec(text)?.[1] ?? 0);
  const reserved = [...text.matchAll(RESERVED)];
  t.ok(
    reserved.some(([, from, to]) => BigInt(`0x${from}`) <= kept && kept <= BigInt(`0x${to}`)),
    `lsefimmap shows 0x${kept.toString(16)} as reserved`,
  );
  t.match(text, /^guest: Linux .*, 2 CPU/m);
  t.match(text, /^tsvm, hypercall interface .*, 2 processors/m);
  t.match(text, /^guest: ready$/m);
  t.equal(ended, 'off');
});
