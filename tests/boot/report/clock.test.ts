import t from 'tap';
import { bootInBochs } from '../../support/machines/bochs.js';
import { boot, hypervisorLines } from '../../support/machines/harness.js';

/** Readings, a second apart: more than the 4.6 s after which the 24 bits of the power-management timer wrap around. */
const READINGS = 8;
const SCRIPT = `for i in $(seq ${READINGS}); do cat /proc/uptime; tsvm-stat --json; sleep 1; done; exit`;
const MOST_DIFFERENCE = 0.5;

t.test('the power-management timer runs like the guest’s own clock, also after it wraps around', async (t) => {
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

t.test('a test task is refused if no timer can cause a VM exit', async (t) => {
  const { serial, ended } = await boot({ options: 'test-timer=1ms', until: /test-timer=.*\n/, seconds: 60 });
  t.match(hypervisorLines(serial).at(-1), /the option test-timer= needs VT-x/);
  t.equal(ended, 'stopped');
  t.notMatch(serial, /Linux version/);
});

t.test(
  'without the FADT, which names the timer and the registers of sleep, one line says so and nothing follows',
  async (t) => {
    const loaderCommands = ['acpi --exclude=FACP'];
    const until = /^tsvm: ACPI lists no FADT.*\n/m;
    const { serial, ended } = await bootInBochs({
      kernel: null,
      initrd: null,
      append: '',
      loaderCommands,
      until,
      seconds: 120,
    });
    t.same(hypervisorLines(serial).slice(-1), [
      'tsvm: ACPI lists no FADT, which says where the registers of sleep are',
    ]);
    t.equal(ended, 'stopped');
  },
);
