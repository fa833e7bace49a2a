import t from 'tap';
import { openFirmware } from '../../../kernel/boot/efi/efi.js';
import { isPresent } from '../../../kernel/run/efiPresence.js';
import { Firmware } from '../support/firmware.js';
import { OWN_HANDLE, SYSTEM_TABLE } from '../support/firmwareTables.js';

/** CPUID Fn0000_0000, EBX. */
const VENDORS = { AuthenticAMD: 0x6874_7541, HygonGenuine: 0x6f67_7948, GenuineIntel: 0x756e_6547 };
/** The protocol by which earlier versions showed their presence. */
const FORMER_PROTOCOL = 0x035b_a9b7;

function opened(): Firmware {
  const firmware = new Firmware();
  openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));
  return firmware;
}

t.test('an answered hypercall, by the vendor’s instruction, proves that tsvm already runs', (t) => {
  for (const [name, ebx] of Object.entries(VENDORS)) {
    const firmware = opened();
    const asked: boolean[] = [];
    firmware.vendorName = ebx;
    firmware.hypercallAnswers = (isAmd) => asked.push(isAmd) > 0;
    t.ok(isPresent());
    t.same(asked, [name !== 'GenuineIntel'], name);
    t.match(firmware.shown, /^tsvm: this is the guest of a tsvm that runs already: /);
  }
  t.end();
});

t.test('a protocol, which any application can install, proves nothing', (t) => {
  const firmware = opened();
  firmware.protocols.set(`99:${FORMER_PROTOCOL}`, 0x40_0000n);
  t.notOk(isPresent());
  t.equal(firmware.shown, '');
  t.end();
});
