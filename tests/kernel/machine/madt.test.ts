import t from 'tap';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { apicIdOf, MAX_PROCESSORS, numberOf, processorCount, readProcessors } from '../../../kernel/machine/madt.js';
import { simulate } from '../../../transpiler/lib/testing.js';
import { localApic, localX2apic, putMadt, putRsdp, putRsdt, putTable } from '../support/acpiTables.js';
import { powerOn, stopOf } from '../support/startup.js';

const RSDP = 0xf_5ab0;
const ROOT = 0xe_0000;
const TABLE = 0xe_1000;
const IO_APIC = [1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0];

/** Why start-up stops with a MADT of these entries; null where it goes on. */
function read(...entries: readonly number[][]): string | null {
  const memory = powerOn(0x10_0000);
  putMadt(memory, TABLE, ...entries);
  putRsdt(memory, ROOT, TABLE);
  putRsdp(memory, RSDP, ROOT);
  readAcpi();
  return stopOf(readProcessors);
}

function apicIds(): number[] {
  return Array.from({ length: processorCount() }, (_, number) => apicIdOf(number));
}

t.test('processors are found by APIC and x2APIC entries; only enabled ones count', (t) => {
  t.equal(read(localApic(0, 1), IO_APIC, localApic(1, 0), localX2apic(3, 1), localX2apic(4, 0)), null);
  t.same(apicIds(), [0, 3]);
  t.end();
});

t.test('a processor that could come online later is refused, since the hypervisor could not control it', (t) => {
  for (const entry of [localApic(2, 2), localX2apic(2, 2)]) {
    const line = 'tsvm: ACPI lists the processor with APIC ID 0x2 as one that can come online later: ';
    t.ok(read(localApic(0, 1), entry)?.startsWith(line));
  }
  t.equal(read(localApic(0, 3), localApic(2, 3)), null, 'one that is enabled is held');
  t.same(apicIds(), [0, 2]);
  t.end();
});

t.test('a processor that the firmware lists twice is counted once', (t) => {
  read(localApic(0, 1), localApic(2, 1), localX2apic(0, 1), localX2apic(2, 1));
  t.same(apicIds(), [0, 2]);
  t.end();
});

t.test('the BSP is the first processor, wherever it is listed', (t) => {
  const cases: [name: string, cpuid: (leaf: number) => object][] = [
    ['leaf 1', (leaf) => ({ eax: leaf === 0 ? 1 : 0, ebx: leaf === 1 ? 4 << 24 : 0, ecx: 0, edx: 0 })],
    ['leaf 0BH', (leaf) => ({ eax: 0x0d, ebx: leaf === 0x0b ? 1 : 0, ecx: 0, edx: leaf === 0x0b ? 4 : 9 })],
    ['leaf 1FH', (leaf) => ({ eax: 0x20, ebx: leaf === 0x1f ? 1 : 0, ecx: 0, edx: leaf === 0x1f ? 4 : 9 })],
  ];
  for (const [name, cpuid] of cases) {
    read(localApic(0, 1), localApic(4, 1));
    simulate({ cpuid });
    readProcessors();
    t.same(apicIds(), [4, 0], name);
  }
  t.end();
});

t.test('the BSP has to be listed', (t) => {
  const line = 'tsvm: the ACPI table APIC does not name the processor that starts the machine';
  t.equal(read(localApic(1, 1)), line);
  t.end();
});

t.test('256 processors are supported, and no more', (t) => {
  const entries = Array.from({ length: 255 }, (_, id) => localApic(id, 1));
  t.equal(read(...entries, localX2apic(255, 1)), null);
  t.equal(processorCount(), 256);
  t.equal(read(...entries, localX2apic(255, 1), localX2apic(254, 1)), null, 'the last one for the second time');
  t.equal(
    read(...entries, localX2apic(255, 1), localX2apic(256, 1)),
    'tsvm: more than 256 processors: this version can hold no more',
  );
  t.end();
});

t.test('a processor is found by its APIC ID, whatever that is', (t) => {
  const ids = [0, 1, 7, 254, 1023, 1024, 0x1_0001];
  const most = Array.from({ length: 248 }, (_, index) => localX2apic(2000 + index, 1));
  t.equal(read(...ids.map((id) => localX2apic(id, 1)), ...most, localX2apic(8, 1)), null);
  t.same(ids.map(numberOf), [0, 1, 2, 3, 4, 5, 6]);
  t.equal(numberOf(8), 255, 'the last one of all that can be held');
  for (const id of [2, 255, 1022, 1025, 0x1_0000, 0xffff_ffff]) t.ok(numberOf(id) >= MAX_PROCESSORS, `${id}`);
  t.end();
});

t.test('without a MADT the number of processors is unknown', (t) => {
  const memory = powerOn(0x10_0000);
  putTable(memory, TABLE, 'FACP', new Uint8Array(80));
  putRsdt(memory, ROOT, TABLE);
  putRsdp(memory, RSDP, ROOT);
  readAcpi();
  t.equal(stopOf(readProcessors), 'tsvm: ACPI has no MADT, so the number of processors is unknown');
  t.end();
});

t.test('a MADT with an entry of a bad length is refused', (t) => {
  for (const entry of [
    [0, 0],
    [0, 1],
    [0, 9, 0, 0, 1, 0, 0, 0],
  ]) {
    t.equal(read(entry), 'tsvm: an entry of the ACPI table APIC has a bad length');
  }
  t.equal(read([0]), 'tsvm: the ACPI table APIC ends in the middle of an entry');
  t.end();
});
