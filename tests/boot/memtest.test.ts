import t from 'tap';
import { makeMemtest } from '../../images/memtest.js';
import { boot, root } from './harness.js';

t.setTimeout(900_000);

const memtest = await makeMemtest({ root, onStep: () => undefined });

const machine = {
  memory: '64M',
  machine: 'pc',
  initrd: null,
  append: 'nobench console=ttyS0,115200',
  seconds: 840,
} as const;

/** One of the later tests has begun; the screen is not sent often enough to name them all. */
const LATER_TEST = /#(?:[5-9]|10) +\[/;

/** What the last row of the screen says that has a count of errors: in the serial console's text, the last one sent. */
function lastCounts(serial: string): { passes: number; errors: number } {
  const all = [...serial.matchAll(/Pass: +(\d+) +Errors: +(\d+)/g)];
  const [, passes = '', errors = ''] = all.at(-1) ?? [];
  return { passes: Number(passes), errors: Number(errors) };
}

t.test('memtest86+ tests 64 MiB once, and finds no error', async (t) => {
  const { serial } = await boot({ ...machine, kernel: memtest.x64, until: /Pass: +1 +Errors/ });
  t.match(serial, /\.x64/);
  t.same(lastCounts(serial), { passes: 1, errors: 0 });
});

t.test('memtest86+ of 32 bits starts in protected mode and finds no error in its first tests', async (t) => {
  const { serial } = await boot({ ...machine, kernel: memtest.ia32, until: LATER_TEST });
  t.match(serial, /\.x32/);
  t.match(serial, LATER_TEST);
  t.same(lastCounts(serial), { passes: 0, errors: 0 });
});

t.test('memtest86+ starts the second processor, tests with both at once, and finds no error', async (t) => {
  const { serial } = await boot({ ...machine, cpus: 2, kernel: memtest.x64, until: LATER_TEST });
  t.match(serial, /2T \(PAR\)/);
  t.match(serial, LATER_TEST);
  t.same(lastCounts(serial), { passes: 0, errors: 0 });
});
