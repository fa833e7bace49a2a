import t from 'tap';
import { passesFirstTests, passesWhole } from '../../support/machines/memtest.js';

t.setTimeout(900_000);

const BOTH_AT_ONCE = /2T \(PAR\)/;

t.test('memtest86+ tests 64 MiB once, and finds no error', async (t) => {
  const { serial } = await passesWhole(t, 'x64', 1);
  t.match(serial, /\.x64/);
});

t.test('the 32-bit memtest86+ starts in protected mode and finds no error in its first tests', async (t) => {
  const { serial } = await passesFirstTests(t, 'ia32', 1);
  t.match(serial, /\.x32/);
});

for (const form of ['x64', 'efi'] as const) {
  const firmware = form === 'efi' ? 'UEFI' : 'a BIOS';
  t.test(`memtest86+ starts the second processor on ${firmware}, and finds no error with both at once`, async (t) => {
    const { serial } = await passesFirstTests(t, form, 2);
    t.match(serial, BOTH_AT_ONCE);
  });
}
