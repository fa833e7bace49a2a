import t from 'tap';
import { closeFirmware, firmwareRsdp, openFirmware } from '../../../../kernel/boot/efi/efi.js';
import { endLine, print } from '../../../../kernel/report/console.js';
import { fail, refusal, standStill } from '../../../../kernel/report/fail.js';
import { Firmware } from '../../support/firmware.js';
import { OWN_HANDLE, Status, SYSTEM_TABLE } from '../../support/firmwareTables.js';
import { logText } from '../../support/startup.js';

const open = () => openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));

t.test('lines are shown on the firmware’s console until the firmware is a guest', (t) => {
  const firmware = new Firmware();
  open();
  print('one');
  endLine();
  closeFirmware();
  print('two');
  endLine();
  t.equal(firmware.shown, 'tsvm: one\r\n');
  t.equal(logText(), 'tsvm: one\ntsvm: two\n');
  t.end();
});

t.test('a line that is longer than the buffer is shown completely', (t) => {
  const firmware = new Firmware();
  open();
  print('x'.repeat(300));
  endLine();
  t.equal(firmware.shown, `tsvm: ${'x'.repeat(300)}\r\n`);
  t.end();
});

t.test('tables that are damaged, or of another firmware, are refused before they are used', (t) => {
  const changes: readonly (readonly [string, (firmware: Firmware) => void])[] = [
    ['system table of the firmware is damaged', ({ memory }) => (memory[SYSTEM_TABLE] = 0)],
    ['system table of the firmware is damaged', ({ memory }) => (memory[SYSTEM_TABLE + 50] = 1)],
    ['system table of the firmware is damaged', ({ view }) => view.setUint32(SYSTEM_TABLE + 12, 100, true)],
    ['system table of the firmware is damaged', ({ view }) => view.setUint32(SYSTEM_TABLE + 12, 0x8000_0000, true)],
    ['table of boot services of the firmware is damaged', ({ memory }) => (memory[0x1100 + 40] = 1)],
    [
      'table of boot services of the firmware is damaged',
      (given) => given.putSystemTable((table) => given.view.setBigUint64(table + 96, 0n, true)),
    ],
    [
      'firmware is older than UEFI 2.0',
      (given) => given.putSystemTable((table) => given.view.setUint32(table + 8, 0x1_000a, true)),
    ],
  ];
  for (const [line, change] of changes) {
    const firmware = new Firmware();
    change(firmware);
    t.throws(open, /halted/);
    t.match(logText(), new RegExp(`^tsvm: the ${line}\n$`));
    t.same(firmware.calls, []);
  }
  t.end();
});

t.test('a failure is shown, and the machine halts with the watchdog off', (t) => {
  const firmware = new Firmware();
  open();
  t.equal(
    firmware.endOf(() => fail('it cannot be')),
    'halted',
  );
  t.equal(firmware.shown, 'tsvm: it cannot be\r\n');
  t.equal(firmware.watchdogSeconds, 0n);
  t.end();
});

t.test('with refusal=firmware a failure returns to the firmware with a status', (t) => {
  const firmware = new Firmware();
  open();
  refusal.firmwareGoesOn = true;
  t.equal(
    firmware.endOf(() => fail('it cannot be')),
    Status.aborted,
  );
  t.equal(firmware.shown, 'tsvm: it cannot be\r\n');
  t.end();
});

t.test('with refusal=firmware it halts nevertheless if processors already run a guest', (t) => {
  const firmware = new Firmware();
  open();
  refusal.firmwareGoesOn = true;
  t.equal(firmware.endOf(standStill), 'halted');
  t.end();
});

t.test('the newer of two ACPI root pointers is used', (t) => {
  const firmware = new Firmware();
  firmware.configure(1n, 2n, 0x100n);
  firmware.configure(0x11d3_2d88_eb9d_2d30n, 0x4dc1_3f27_9000_169an, 0x200n);
  open();
  t.equal(firmwareRsdp(), 0x200n);
  firmware.configure(0x11d3_e4f1_8868_e871n, 0x8188_3cc7_8000_22bcn, 0x300n);
  t.equal(firmwareRsdp(), 0x300n);
  t.end();
});

t.test('without an ACPI root pointer in the tables none is found', (t) => {
  new Firmware();
  open();
  t.equal(firmwareRsdp(), 0n);
  t.end();
});
