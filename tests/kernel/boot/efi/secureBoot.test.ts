import t from 'tap';
import { bootInfo } from '../../../../kernel/handover/bootInfo.js';
import { openFirmware } from '../../../../kernel/boot/efi/efi.js';
import { readOfferedBundle } from '../../../../kernel/boot/efi/bundle.js';
import { readSecureBoot } from '../../../../kernel/boot/efi/secureBoot.js';
import { loadCovered } from '../../../../kernel/guest/efi/security.js';
import { bundle } from '../../support/bootLoaders.js';
import { Firmware } from '../../support/firmware.js';
import { AUTHENTICATION_ENTRY, OWN_HANDLE, Status, SYSTEM_TABLE } from '../../support/firmwareTables.js';

const SOURCE = 0x5000n;
const PATH = 0x7000n;

function opened(secureBoot: Uint8Array | bigint | null): Firmware {
  const firmware = new Firmware();
  firmware.secureBoot = secureBoot;
  openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));
  readSecureBoot();
  // The end of a device path.
  firmware.memory.set([0x7f, 0xff, 4, 0], Number(PATH));
  return firmware;
}

t.test('Secure Boot is off if the variable says so or does not exist, and on in all other cases', (t) => {
  for (const [answer, isSecure] of [
    [null, false],
    [Buffer.from([0]), false],
    [Buffer.from([1]), true],
    [Buffer.from([2]), true],
    [Buffer.from([0, 0]), true],
    [Buffer.from([]), true],
    [Status.unsupported, true],
    [Status.outOfResources, true],
  ] as const) {
    opened(answer);
    t.equal(bootInfo.isSecure, isSecure, String(answer));
  }
  t.end();
});

t.test('with Secure Boot a bundle from outside is refused, since no signature covers it', (t) => {
  for (const [answer, end] of [
    [1, 'halted'],
    [0, null],
  ] as const) {
    const firmware = opened(Buffer.from([answer]));
    firmware.offer(bundle({ 'guest/kernel': Buffer.from('kernel') }));
    t.equal(firmware.endOf(readOfferedBundle), end);
    t.equal(/a bundle from outside is not covered by a signature/.test(firmware.shown), answer === 1);
  }
  t.end();
});

t.test('the firmware asks the image first while it loads the kernel, and only itself after that', (t) => {
  const firmware = opened(Buffer.from([1]));
  const own = firmware.holdSecurity();
  t.equal(loadCovered(PATH, SOURCE, 99n), Status.success);
  t.same(firmware.askedWhileLoading, [AUTHENTICATION_ENTRY]);
  t.same(firmware.vouched, [
    [SOURCE, 99n, own],
    [0n, 0n, own],
  ]);
  t.equal(firmware.securityFunction(), own);
  t.end();
});

t.test('after a failed load, too, the firmware asks only itself', (t) => {
  const firmware = opened(Buffer.from([1]));
  const own = firmware.holdSecurity();
  firmware.failing.set('loadImage', Status.unsupported);
  t.equal(loadCovered(PATH, SOURCE, 99n), Status.unsupported);
  t.equal(firmware.securityFunction(), own);
  t.same(firmware.vouched.at(-1), [0n, 0n, own]);
  t.end();
});

t.test('without Secure Boot, or without the protocol, the firmware’s check is not replaced', (t) => {
  const off = opened(Buffer.from([0]));
  const own = off.holdSecurity();
  t.equal(loadCovered(PATH, SOURCE, 99n), Status.success);
  t.same(off.askedWhileLoading, [own]);
  t.same(off.vouched, []);
  const without = opened(Buffer.from([1]));
  t.equal(loadCovered(PATH, SOURCE, 99n), Status.success);
  t.same(without.vouched, []);
  t.end();
});
