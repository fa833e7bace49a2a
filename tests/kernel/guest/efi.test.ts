import t from 'tap';
import { bootInfo, GuestPart, isGiven, setText } from '../../../kernel/handover/bootInfo.js';
import { openFirmware } from '../../../kernel/boot/efi/efi.js';
import { readOfferedBundle } from '../../../kernel/boot/efi/bundle.js';
import { startEfiGuest } from '../../../kernel/guest/efi/efi.js';
import { parseOptions } from '../../../kernel/machine/options.js';
import { window } from '../../../transpiler/lib/index.js';
import { bundle } from '../support/bootLoaders.js';
import { Firmware } from '../support/firmware.js';
import { LOAD_FILE_ENTRY, OWN_HANDLE, Status, SYSTEM_TABLE } from '../support/firmwareTables.js';

const KERNEL = 0x5000;
const INITRD = 0x6000;
const TEXT = 0x7000;

function opened(): Firmware {
  const firmware = new Firmware();
  openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));
  return firmware;
}

function text(firmware: Firmware, value: string) {
  firmware.memory.set(Buffer.from(value), TEXT);
  return window(BigInt(TEXT), value.length);
}

function giveParts(firmware: Firmware, withInitrd: boolean): void {
  firmware.memory.set(Buffer.from('kernel'), KERNEL);
  bootInfo.parts.at(GuestPart.kernel).start = BigInt(KERNEL);
  bootInfo.parts.at(GuestPart.kernel).end = BigInt(KERNEL + 6);
  setText(bootInfo.commandLine, text(firmware, 'console=ttyS0'));
  if (!withInitrd) return;
  bootInfo.parts.at(GuestPart.initrd).start = BigInt(INITRD);
  bootInfo.parts.at(GuestPart.initrd).end = BigInt(INITRD + 99);
}

t.test('without a guest of its own the image returns so that the firmware tries its next boot option', (t) => {
  const firmware = opened();
  t.equal(startEfiGuest(), Status.notStarted);
  t.match(firmware.shown, /the firmware goes on as the guest/);
  t.end();
});

t.test('the kernel is loaded from memory, with its command line', (t) => {
  const firmware = opened();
  giveParts(firmware, false);
  t.equal(firmware.endOf(startEfiGuest), 'halted');
  t.equal(firmware.loaded?.source?.toString(), 'kernel');
  const path = firmware.loaded?.path ?? Buffer.alloc(0);
  t.same([...path.subarray(0, 4)], [1, 3, 24, 0]);
  t.equal(path.readBigUInt64LE(8), BigInt(KERNEL));
  t.equal(path.readBigUInt64LE(16), BigInt(KERNEL + 6));
  t.match(firmware.shown, /the guest's kernel returned: status 0x8000000000000003/);
  t.end();
});

t.test('the command line is UTF-16 with a zero at its end', (t) => {
  const firmware = opened();
  giveParts(firmware, false);
  let options = '';
  firmware.whileGuestRuns = () => (options = firmware.newOptions());
  firmware.endOf(startEfiGuest);
  t.equal(options, 'console=ttyS0\0');
  t.end();
});

t.test('an initrd is offered while the kernel runs', (t) => {
  const firmware = opened();
  giveParts(firmware, true);
  let offered = firmware.offered();
  firmware.whileGuestRuns = () => (offered = firmware.offered());
  firmware.endOf(startEfiGuest);
  t.same(offered, { entry: LOAD_FILE_ENTRY, start: BigInt(INITRD), bytes: 99n });
  t.equal(firmware.offered(), null);
  t.end();
});

t.test('an initrd that others offer is withdrawn before the kernel runs, with or without one in the bundle', (t) => {
  for (const withInitrd of [true, false]) {
    const firmware = opened();
    firmware.offer(Buffer.from('another'));
    giveParts(firmware, withInitrd);
    let offered = firmware.offered();
    firmware.whileGuestRuns = () => (offered = firmware.offered());
    firmware.endOf(startEfiGuest);
    t.equal(offered?.start ?? null, withInitrd ? BigInt(INITRD) : null);
  }
  t.end();
});

t.test('start-up ends if the firmware does not withdraw it', (t) => {
  const firmware = opened();
  firmware.offer(Buffer.from('another'));
  giveParts(firmware, false);
  firmware.failing.set('uninstallProtocol', Status.unsupported);
  t.equal(firmware.endOf(startEfiGuest), 'halted');
  t.match(firmware.shown, /the firmware does not withdraw an initrd that is not of the bundle/);
  t.notOk(firmware.calls.includes('startImage'));
  t.end();
});

t.test('a kernel that the firmware does not load is reported', (t) => {
  const firmware = opened();
  giveParts(firmware, true);
  firmware.failing.set('loadImage', Status.unsupported);
  t.equal(firmware.endOf(startEfiGuest), 'halted');
  t.match(firmware.shown, /the firmware does not load the guest's kernel: status 0x8000000000000003/);
  t.notOk(firmware.calls.includes('startImage'));
  t.end();
});

t.test('chain= names a file of the device that the image came from', (t) => {
  const firmware = opened();
  setText(bootInfo.options, text(firmware, 'crash=reset chain=\\b.efi chain=\\a.efi'));
  parseOptions();
  t.equal(startEfiGuest(), Status.unsupported);
  const path = firmware.loaded?.path ?? Buffer.alloc(0);
  t.equal(firmware.loaded?.source, null);
  t.same([...path.subarray(0, 12)], [2, 1, 12, 0, 0xd0, 0x41, 3, 0x0a, 0, 0, 0, 0]);
  t.same([...path.subarray(12, 16)], [4, 4, 18, 0]);
  t.equal(path.subarray(16, 30).toString('utf16le'), '\\a.efi\0');
  t.end();
});

t.test('an initrd that is offered to the image is its bundle', (t) => {
  const firmware = opened();
  firmware.offer(bundle({ 'guest/kernel': Buffer.from('kernel'), 'guest/cmdline': 'quiet' }));
  readOfferedBundle();
  const { start, end } = bootInfo.parts.at(GuestPart.kernel);
  t.equal(firmware.bytesAt(start, Number(end - start)).toString(), 'kernel');
  t.end();
});

t.test('without an offered initrd there is no bundle, and a damaged one is refused', (t) => {
  opened();
  readOfferedBundle();
  t.notOk(isGiven(GuestPart.kernel));
  const firmware = opened();
  firmware.offer(Buffer.from('no archive'));
  t.equal(firmware.endOf(readOfferedBundle), 'halted');
  t.end();
});
