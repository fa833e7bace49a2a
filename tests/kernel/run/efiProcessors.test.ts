import t from 'tap';
import { openFirmware } from '../../../kernel/boot/efi/efi.js';
import { EfiMemory, keepReserved, takePages } from '../../../kernel/handover/efiMemory.js';
import { checkFirmwareProcessors, virtualizeOthers } from '../../../kernel/run/efiProcessors.js';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { readProcessors } from '../../../kernel/machine/madt.js';
import { allocatorStart } from '../../../kernel/paging/allocator.js';
import { refusal } from '../../../kernel/report/fail.js';
import { allocateProcessors, vcpuOf } from '../../../kernel/vcpu/processors.js';
import { localApic, putMadt, putRsdp, putRsdt } from '../support/acpiTables.js';
import { Firmware } from '../support/firmware.js';
import { OWN_HANDLE, PROCESSOR_ENTRY, Status, SYSTEM_TABLE } from '../support/firmwareTables.js';

const REGION = 0x60_0000n;
const TABLES = 0x7777_0000n;

/** Firmware whose ACPI tables list processors with these APIC IDs; that with APIC ID 0 is the BSP. */
function opened(apicIds: readonly number[] = [0, 2, 4]): Firmware {
  const firmware = new Firmware();
  openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));
  putMadt(firmware.memory, 0xe_1000, ...apicIds.map((id) => localApic(id, 1)));
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

t.test('the firmware makes all APs enter the hypervisor, in any order', (t) => {
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

t.test('if ACPI lists more than one processor, firmware without MP services is refused', (t) => {
  const firmware = opened();
  t.equal(firmware.endOf(checkFirmwareProcessors), 'halted');
  t.match(firmware.shown, /more than one processor, and the firmware has no MP services/);
  const alone = opened([0]);
  t.equal(alone.endOf(checkFirmwareProcessors), null, "one is taken at ACPI's word");
  t.end();
});

/** ACPI's processors, the firmware's, how many more it has disabled, and the line that refuses them. */
const MISMATCHES = [
  [[0, 2, 4], [0n, 2n], 0, 'ACPI lists 3 processors as enabled, but the firmware has 2, of which 2 enabled'],
  [[0, 2, 4], [0n, 2n], 1, 'ACPI lists 3 processors as enabled, but the firmware has 3, of which 2 enabled'],
  [[0, 2], [0n, 2n], 1, 'ACPI lists 2 processors as enabled, but the firmware has 3, of which 2 enabled'],
  [[0, 2], [0n, 2n, 4n], 0, 'ACPI lists 2 processors as enabled, but the firmware has 3, of which 3 enabled'],
  [[0], [0n, 2n, 4n], 0, 'ACPI lists 1 processors as enabled, but the firmware has 3, of which 3 enabled'],
  [[0], [0n], 1, 'ACPI lists 1 processors as enabled, but the firmware has 2, of which 1 enabled'],
  [[0, 2], [0n, 3n], 0, 'the firmware has a processor with APIC ID 0x3, which ACPI does not list as enabled'],
  [[0, 2], [0n, 0n], 0, 'the firmware has a processor with APIC ID 0x0 twice'],
  [[0, 2], [0n, 0x1_0000_0002n], 0, 'the firmware has a processor with APIC ID 0x100000002, which ACPI does not list'],
  [[0], [2n], 0, 'the firmware has a processor with APIC ID 0x2, which ACPI does not list as enabled'],
] as const;

t.test('a firmware that has other processors than ACPI lists is refused, by count and by APIC ID', (t) => {
  for (const [listed, held, disabled, line] of MISMATCHES) {
    const firmware = opened(listed);
    firmware.nameProcessors(held, disabled);
    t.equal(firmware.endOf(checkFirmwareProcessors), 'halted', line);
    t.match(firmware.shown, line);
  }
  for (const held of [
    [0n, 2n, 4n],
    [4n, 0n, 2n],
  ]) {
    const firmware = opened();
    firmware.nameProcessors(held);
    t.equal(firmware.endOf(checkFirmwareProcessors), null, `${held} in any order`);
  }
  t.end();
});

t.test('if no AP enters, the firmware may go on without the hypervisor, whose memory stays reserved', (t) => {
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

t.test('if any AP already runs as a guest, the machine halts', (t) => {
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
