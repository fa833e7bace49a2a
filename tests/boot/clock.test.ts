import t from 'tap';
import { bootInBochs } from './bochs.js';
import { boot, hypervisorLines } from './harness.js';

/** Longer than the 24 bits of the power-management timer last, 4.6 s, though it is read within that. */
const READINGS = 8;
const SCRIPT = `for i in $(seq ${READINGS}); do cat /proc/uptime; tsvm-stat --json; sleep 1; done; exit`;
const MOST_DIFFERENCE = 0.5;

t.test('the power-management timer goes as the guest’s own clock, and on where it starts over', async (t) => {
  const { serial } = await boot({ append: 'console=ttyS0 quiet', dialogue: [[/A shell in the guest/, SCRIPT]] });
  const uptimes = [...serial.matchAll(/^(\d+\.\d\d) \d+\.\d\d$/gm)].map(([, seconds]) => Number(seconds));
  const times = [...serial.matchAll(/"time":\{"nanoseconds":(\d+),"source":"powerTimer","frequency":3579545\}/g)];
  const seconds = times.map(([, nanoseconds]) => Number(nanoseconds) / 1e9);
  t.equal(uptimes.length, READINGS);
  t.equal(seconds.length, READINGS);
  const passed = (values: number[]): number => (values.at(-1) ?? 0) - (values[0] ?? 0);
  t.ok(passed(uptimes) > 5, `${passed(uptimes)} s`);
  t.ok(Math.abs(passed(seconds) - passed(uptimes)) < MOST_DIFFERENCE, `${passed(seconds)} of ${passed(uptimes)} s`);
});

t.test('a test task is refused where no timer leaves the guest', async (t) => {
  const { serial, ended } = await boot({ options: 'test-timer=1ms', until: /test-timer=.*\n/, seconds: 60 });
  t.match(hypervisorLines(serial).at(-1), /AMD-V has no timer that leaves the guest/);
  t.equal(ended, 'stopped');
  t.notMatch(serial, /Linux version/);
});

/** GRUB leaves ACPI tables out of those that the firmware has. */
function bootWithout(tables: string) {
  const loaderCommands = [`acpi --exclude=${tables}`];
  return bootInBochs({
    kernel: null,
    initrd: null,
    append: '',
    loaderCommands,
    until: /^tsvm: (time comes|the firmware names) .*\n/m,
    seconds: 120,
  });
}

t.test('without a power-management timer the time-stamp counter is measured by the HPET', async (t) => {
  const first = hypervisorLines((await bootWithout('FACP')).serial).at(-1) ?? '';
  const [, kilohertz = NaN] = /^tsvm: time comes from the time-stamp counter, (\d+) kHz$/.exec(first) ?? [];
  t.ok(Math.abs(Number(kilohertz) - 25_000) < 25, first);
});

t.test('without either, one line says so, and nothing follows', async (t) => {
  const { serial, ended } = await bootWithout('FACP,HPET');
  t.same(hypervisorLines(serial).slice(-1), [
    'tsvm: the firmware names no timer (ACPI tables FACP and HPET), so the rate of the time-stamp counter is unknown',
  ]);
  t.equal(ended, 'stopped');
});
