import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { assembleBareProgram } from '../../../images/bare.js';
import { type Replacement, undoneImage } from '../../support/machines/undone.js';
import { AMD_MODEL, bootInBochs } from '../../support/machines/bochs.js';
import { root } from '../../../linker/paths.js';
import { boot, type BootOptions, hypervisorLines, temporaryFolder } from '../../support/machines/harness.js';

/** Offset of the port of PM1 control in images/bare/ports.asm. */
const CONTROL = 505;
const CONTROL_IN_QEMU = 0x604;
const CONTROL_IN_BOCHS = 0xb004;

async function disk(t: Test, control: number): Promise<string> {
  const file = join(await temporaryFolder(t), 'disk.img');
  await assembleBareProgram(root, 'ports', file);
  const content = await readFile(file);
  content.writeUInt16LE(control, CONTROL);
  await writeFile(file, content);
  return file;
}

const LINE_20 = [
  'closed by port 92h, wraps = 01, hypercalls = 00000000',
  'opened again, wraps = 00, hypercalls = 00000000',
  'closed by the keyboard controller, wraps = 01, hypercalls = 00000000',
  'opened again, wraps = 00, hypercalls = 00000000',
];
const goesOn = (attempt: string) => [`${attempt} next`, 'goes on'];
const isRefused = (attempt: string) => [`${attempt} next`, '#GP', 'goes on'];
const SLEEP = [
  'PM1 control = 0000, EAX = 12340000',
  ...goesOn('16 bits'),
  ...goesOn('the high byte'),
  ...goesOn('32 bits'),
  ...goesOn('32 bits from the register before'),
  ...goesOn('16 bits from the high byte on'),
  ...goesOn('the type first'),
  ...isRefused('a string of words'),
  ...isRefused('a string of bytes'),
  ...Array<string[]>(6).fill(goesOn('another type')).flat(),
];

/** Checks that the guest stays under the hypervisor, whose memory is unchanged, and can switch the machine off. */
function isContained(t: Test, serial: string): void {
  const lines = [...serial.matchAll(/^ports: (.*)$/gm)].map(([, line = '']) => line);
  t.same(lines, ['start', ...LINE_20, ...SLEEP, 'power off']);
  t.match(hypervisorLines(serial).at(-1), /starting the guest$/);
}

/** With this many processors the hypervisor uses more than 1 MiB; all of it must have addresses with line 20 zero. */
const MANY = 11;

async function machineOf(t: Test, machine: 'q35' | 'pc', cpus: number): Promise<BootOptions> {
  const drive = ['-drive', `file=${await disk(t, CONTROL_IN_QEMU)},format=raw,if=none,id=disk`];
  const s3 = ['-global', machine === 'q35' ? 'ICH9-LPC.disable_s3=0' : 'PIIX4_PM.disable_s3=0'];
  return {
    ...{ machine, cpus, kernel: null, initrd: null, memory: '256M', options: 'triple-fault=halt' },
    extra: [...drive, '-device', 'ide-hd,drive=disk', ...s3],
  };
}

for (const [machine, cpus] of [
  ['q35', MANY],
  ['pc', 2],
] as const) {
  t.test(
    `a guest with ${cpus} processors on ${machine} masks address line 20 without effect, and cannot sleep`,
    async (t) => {
      const { serial, ended } = await boot(await machineOf(t, machine, cpus));
      isContained(t, serial);
      t.equal(ended, 'off');
    },
  );
}

const SLEEPS: Replacement = {
  file: 'kernel/devices/sleep/mediator.ts',
  from: 'access.value = access.value & u64(~(u64(ENABLE) << shift));',
  to: 'continue;',
};
t.test('control: if its sleep type is let through, it wakes outside the hypervisor', async (t) => {
  const image = await undoneImage('sleeps', [SLEEPS]);
  const { serial } = await boot({ ...(await machineOf(t, 'pc', 2)), image, until: /the hypervisor\n/, seconds: 60 });
  t.match(serial, /^ports: WOKE\nports: OUTSIDE the hypervisor$/m);
});

const USES_ODD_MEBIBYTES: Replacement = {
  file: 'kernel/paging/allocator.ts',
  from: '<= ADDRESS_LINE_20 ? next',
  to: '<= EVEN_DISTANCE * 2n ? next',
};
t.test('control: if the hypervisor uses odd MiB too, masking address line 20 ends it', async (t) => {
  const image = await undoneImage('odd-mebibytes', [USES_ODD_MEBIBYTES]);
  const end = { until: /^ports: start$/m, settleMilliseconds: 5000 };
  const { serial } = await boot({ ...(await machineOf(t, 'q35', MANY)), ...end, image });
  t.match(serial, /^ports: start$/m);
  t.notMatch(serial, /^ports: closed/m, 'nothing comes after that');
});

for (const [vendor, model] of [
  ['AMD-V', AMD_MODEL],
  ['VT-x', 'corei7_haswell_4770'],
] as const) {
  t.test(`on the ${vendor} of Bochs a guest masks address line 20 without effect, and cannot sleep`, async (t) => {
    const options = { model, disk: await disk(t, CONTROL_IN_BOCHS), options: 'disk=0x80', kernel: null, initrd: null };
    const { serial, ended } = await bootInBochs({ ...options, seconds: 120 });
    isContained(t, serial);
    t.equal(ended, 'off');
  });
}
