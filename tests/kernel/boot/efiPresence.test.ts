import t from 'tap';
import { openFirmware } from '../../../kernel/boot/efi.js';
import { announcePresence, isPresent } from '../../../kernel/boot/efiPresence.js';
import { region } from '../../../kernel/memory/region.js';
import { Firmware, OWN_HANDLE, SYSTEM_TABLE } from '../support/firmware.js';

t.test('who starts the image again is told that it runs', (t) => {
  const firmware = new Firmware();
  openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));
  t.notOk(isPresent());
  t.equal(firmware.shown, '');
  region.start = 0x40_0000n;
  announcePresence();
  t.ok(isPresent());
  t.match(firmware.shown, /^tsvm: this is the guest of a tsvm that runs already: /);
  t.end();
});
