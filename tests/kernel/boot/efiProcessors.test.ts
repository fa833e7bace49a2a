import t from 'tap';
import { openFirmware } from '../../../kernel/boot/efi.js';
import { EfiMemory, keepReserved, takePages } from '../../../kernel/boot/efiMemory.js';
import { checkFirmwareProcessors, virtualizeOthers } from '../../../kernel/boot/efiProcessors.js';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { readProcessors } from '../../../kernel/machine/madt.js';
import { allocatorStart } from '../../../kernel/memory/allocator.js';
import { refusal } from '../../../kernel/report/fail.js';
import { allocateProcessors, vcpuOf } from '../../../kernel/vcpu/processors.js';
import { localApic, putMadt, putRsdp, putRsdt } from '../support/acpiTables.js';
import { Firmware, OWN_HANDLE, PROCESSOR_ENTRY, Status, SYSTEM_TABLE } from '../support/firmware.js';

const REGION = 0x60_0000n;
const TABLES = 0x7777_0000n;

/** ACPI lists processors with the APIC IDs 0, 2 and 4, of which 0 runs this. */
function opened(): Firmware {
  const firmware = new Firmware();
  openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));
  putMadt(firmware.memory, 0xe_1000, localApic(0, 1), localApic(2, 1), localApic(4, 1));
  putRsdt(firmware.memory, 0xe_0000, 0xe_1000);
  putRsdp(firmware.memory, 0xf_0000, 0xe_0000);
  readAcpi();
  readProcessors();
  allocatorStart(REGION, 0x20_0000n);
  allocateProcessors();
  return firmware;
}

const comes = (number: number) => () => void (vcpuOf(number).mailbox.isReady = 1);
const doesNotCome = (): void => undefined;
const virtualize = (): void => virtualizeOthers(TABLES);

t.test('the firmware has all others enter the hypervisor, in an order of its own', (t) => {
  for (const order of [
    [comes(1), comes(2)],
    [comes(2), comes(1)],
  ]) {
    const firmware = opened();
    firmware.holdProcessors(...order);
    checkFirmwareProcessors();
    virtualize();
    t.same(firmware.startedAt, [PROCESSOR_ENTRY, TABLES]);
    t.equal(firmware.shown, '');
  }
  t.end();
});

t.test('a firmware that holds others than ACPI lists, or cannot reach them, is refused', (t) => {
  const firmware = opened();
  t.equal(firmware.endOf(checkFirmwareProcessors), 'halted');
  t.match(firmware.shown, /more than one processor, and the firmware has no MP services/);
  const other = opened();
  other.holdProcessors(doesNotCome);
  t.equal(other.endOf(checkFirmwareProcessors), 'halted');
  t.match(other.shown, /ACPI lists 3 processors, but the firmware holds 2/);
  t.end();
});

t.test('where none comes the firmware may go on without the hypervisor, whose memory stays', (t) => {
  for (const [goesOn, end] of [
    [false, 'halted'],
    [true, Status.aborted],
  ] as const) {
    const firmware = opened();
    refusal.firmwareGoesOn = goesOn;
    const kept = takePages(EfiMemory.reserved, 2n, 0x50_0000n);
    keepReserved();
    firmware.holdProcessors(doesNotCome, doesNotCome);
    t.equal(firmware.endOf(virtualize), end);
    t.match(firmware.shown, /the processor with APIC ID 0x2 does not answer/);
    t.ok(firmware.taken.has(kept), 'one may have come and stopped there');
  }
  t.end();
});

t.test('where one is a guest already the machine stands still, whichever it is', (t) => {
  for (const [order, missing] of [
    [[comes(1), doesNotCome], 4],
    [[doesNotCome, comes(2)], 2],
  ] as const) {
    const firmware = opened();
    refusal.firmwareGoesOn = true;
    firmware.holdProcessors(...order);
    t.equal(firmware.endOf(virtualize), 'halted');
    t.match(firmware.shown, new RegExp(`the processor with APIC ID 0x${missing} does not answer`));
    t.equal(firmware.watchdogSeconds, 0n);
  }
  t.end();
});
