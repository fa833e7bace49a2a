import t from 'tap';
import { bootInfo } from '../../../kernel/handover/bootInfo.js';
import { openFirmware } from '../../../kernel/boot/efi/efi.js';
import { readFirmwareMap } from '../../../kernel/boot/efi/map.js';
import { EfiMemory, keepReserved, takeAlignedPages, takePages } from '../../../kernel/handover/efiMemory.js';
import { fail, refusal } from '../../../kernel/report/fail.js';
import { Firmware } from '../support/firmware.js';
import { OWN_HANDLE, Status, SYSTEM_TABLE } from '../support/firmwareTables.js';

function opened(): Firmware {
  const firmware = new Firmware();
  openFirmware(OWN_HANDLE, BigInt(SYSTEM_TABLE));
  return firmware;
}

t.test('pages end below the requested limit', (t) => {
  const firmware = opened();
  t.equal(takePages(EfiMemory.reserved, 2n, 0x40_0000n), 0x3f_e000n);
  t.same(firmware.taken.get(0x3f_e000n), { pages: 2n, kind: 0n });
  t.end();
});

t.test('after the allocation of aligned pages no other pages stay allocated', (t) => {
  const firmware = opened();
  t.equal(takeAlignedPages(EfiMemory.reserved, 512n, 0x8f_0000n, 0x20_0000n), 0x60_0000n);
  t.same([...firmware.taken.keys()], [0x60_0000n]);
  t.end();
});

t.test('if the firmware has no pages, the allocation fails', (t) => {
  const firmware = opened();
  t.equal(takePages(EfiMemory.reserved, 2n, 0x10_0000n), 0n);
  firmware.failing.set('allocatePages', Status.outOfResources);
  t.equal(takeAlignedPages(EfiMemory.reserved, 512n, 0x8f_0000n, 0x20_0000n), 0n);
  t.equal(firmware.taken.size, 0);
  t.end();
});

t.test('a failure frees all memory if the firmware goes on', (t) => {
  const firmware = opened();
  refusal.firmwareGoesOn = true;
  takePages(EfiMemory.loaderData, 3n, 0x80_0000n);
  takePages(EfiMemory.reserved, 2n, 0x80_0000n);
  t.equal(
    firmware.endOf(() => fail('it cannot be')),
    Status.aborted,
  );
  t.equal(firmware.taken.size, 0);
  t.end();
});

t.test('the hypervisor’s own memory is never freed', (t) => {
  const firmware = opened();
  refusal.firmwareGoesOn = true;
  takePages(EfiMemory.loaderData, 3n, 0x80_0000n);
  const kept = takePages(EfiMemory.reserved, 2n, 0x70_0000n);
  keepReserved();
  firmware.endOf(() => fail('it cannot be'));
  t.same([...firmware.taken.keys()], [kept]);
  t.end();
});

t.test('the firmware’s map is copied, and the buffer for it is freed', (t) => {
  const firmware = opened();
  readFirmwareMap();
  t.equal(bootInfo.rangeCount, 1);
  t.equal(bootInfo.ranges.at(0).start, 0x10_0000n);
  t.equal(bootInfo.ranges.at(0).end, 0x90_0000n);
  t.equal(firmware.taken.size, 0);
  t.end();
});

t.test('a firmware without a map is refused', (t) => {
  for (const service of ['getMemoryMap', 'allocatePages'] as const) {
    const firmware = opened();
    firmware.failing.set(service, Status.unsupported);
    t.equal(firmware.endOf(readFirmwareMap), 'halted');
    t.equal(firmware.shown, 'tsvm: the firmware gives no memory map\r\n');
  }
  t.end();
});
