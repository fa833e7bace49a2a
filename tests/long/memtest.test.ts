/** Complete passes of memtest86+ on the machines where tests/boot/ runs only the first tests. */
import t from 'tap';
import { passesWhole } from '../support/machines/memtest.js';

t.setTimeout(3_600_000);

t.test('memtest86+ on UEFI passes once without an error', async (t) => {
  await passesWhole(t, 'efi', 1);
});

for (const form of ['x64', 'efi'] as const) {
  t.test(`and with two processors on ${form === 'efi' ? 'UEFI' : 'a BIOS'}`, async (t) => {
    await passesWhole(t, form, 2);
  });
}
