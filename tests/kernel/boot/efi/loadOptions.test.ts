import fc from 'fast-check';
import t from 'tap';
import { bootInfo, textBytes } from '../../../../kernel/handover/bootInfo.js';
import { openFirmware } from '../../../../kernel/boot/efi/efi.js';
import { readLoadOptions } from '../../../../kernel/boot/efi/loadOptions.js';
import { Firmware } from '../../support/firmware.js';
import { OWN_HANDLE, SYSTEM_TABLE } from '../../support/firmwareTables.js';

/** The options found in these bytes, and the lines shown. */
function read(given: Uint8Array): { options: string; shown: string; end: bigint | 'halted' | null } {
  const firmware = new Firmware();
  firmware.giveOptions(given);
  const end = firmware.endOf(() => {
    openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));
    readLoadOptions();
  });
  const bytes = textBytes(bootInfo.options);
  const options = Array.from({ length: bytes.length }, (_, i) => String.fromCharCode(bytes.u8(i))).join('');
  return { options: options.replace(/ +/g, ' ').trimEnd(), shown: firmware.shown, end };
}

const utf16 = (text: string) => Buffer.from(text, 'utf16le');

t.test('text is read up to its terminating zero, or to the end', (t) => {
  t.equal(read(utf16('crash=reset chain=\\EFI\\a.efi\0rest')).options, 'crash=reset chain=\\EFI\\a.efi');
  t.equal(read(utf16('crash=reset')).options, 'crash=reset');
  t.end();
});

t.test('the file name that a shell puts first is left out', (t) => {
  t.equal(read(utf16('FS0:\\tsvm.efi crash=reset\0')).options, 'crash=reset');
  t.equal(read(utf16('tsvm.efi\0')).options, '');
  t.end();
});

t.test('options for Linux are left out', (t) => {
  t.equal(read(utf16('crash=reset initrd=initrd console=none\0')).options, 'crash=reset console=none');
  t.equal(read(utf16('initrd=initrd\0')).options, '');
  t.end();
});

t.test('no load options give no options', (t) => {
  for (const given of [utf16(''), utf16('\0'), Buffer.from([0x41])]) t.equal(read(given).options, '');
  t.end();
});

t.test('data that is not text is not used, and a line says so', (t) => {
  for (const given of [Buffer.from('WINDOWS\0'), utf16('crash=rés'), utf16('crash\x01'), Buffer.alloc(4096, 0xff)]) {
    const { options, shown, end } = read(given);
    t.equal(options, '');
    t.equal(shown, 'tsvm: the load options are not text, so they are not used\r\n');
    t.equal(end, null);
  }
  t.end();
});

t.test('too long options are refused', (t) => {
  t.equal(read(utf16('x='.repeat(1024))).end, null);
  const { shown, end } = read(Buffer.alloc(4100));
  t.match(shown, /the options are longer than 2,048 characters/);
  t.equal(end, 'halted');
  t.end();
});

t.test('any bytes are used, left out or refused', (t) => {
  const words = fc.array(fc.oneof(fc.constantFrom('initrd=', 'a.efi', 'crash=halt', ' ', '\t', '\0'), fc.string()));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 5000 }),
    words.map((list) => new Uint8Array(utf16(list.join('')))),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const { options, end } = read(given);
      t.ok(end === null || end === 'halted');
      t.match(options, /^[\t\x20-\x7e]*$/);
    }),
    { numRuns: 200 },
  );
  t.end();
});
