import t from 'tap';
import { hpa } from '../../../transpiler/lib/index.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { addMemoryRange, MemoryKind } from '../../../kernel/handover/bootInfo.js';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { readProcessors } from '../../../kernel/machine/madt.js';
import { isAvailable, readMemoryMap, topOfMemory } from '../../../kernel/machine/memoryMap.js';
import { allocatePages, allocatorUsed } from '../../../kernel/paging/allocator.js';
import { readMtrrs } from '../../../kernel/paging/mtrr.js';
import { hostTablePages, mappedEnd } from '../../../kernel/space/hostPaging.js';
import { buildNestedTables, nestedTablePages } from '../../../kernel/space/nestedPaging.js';
import { moveToRegion, region, regionBytes, takeRegion } from '../../../kernel/space/region.js';
import { processorPages } from '../../../kernel/vcpu/processors.js';
import { svmEntryFormat } from '../../../kernel/svm/control/entryFormat.js';
import { consoleStart } from '../../../kernel/report/console.js';
import { localApic, putMadt, putRsdp, putRsdt } from '../support/acpiTables.js';
import { bounds, HALTED, SerialMachine } from '../../support/image.js';

const LARGE_PAGE = 0x20_0000n;

let machine = new SerialMachine();
let movedTo = 0n;

/** A machine with the image at 2 MiB and memory up to `end`, of which the top 4 MiB can be written. */
function moveWithMemoryUpTo(end: bigint): void {
  addMemoryRange(0x10_0000n, end, MemoryKind.available);
  addMemory(end - 2n * LARGE_PAGE, Number(2n * LARGE_PAGE));
  readMemoryMap();
  readMtrrs();
  moveToRegion(svmEntryFormat());
}

t.beforeEach(() => {
  resetMemory();
  machine = new SerialMachine();
  movedTo = 0n;
  simulate({
    ...machine,
    imageBounds: () => ({ ...bounds, physical: LARGE_PAGE }),
    cpuid: (leaf: number) => ({ eax: leaf === 0x8000_0008 ? 40 : 0, ebx: 0, ecx: 0, edx: 1 << 26 }),
    tryRdmsr: () => ({ value: 0n, faulted: true }),
    relocate: (to: bigint) => (movedTo = to),
  });
  consoleStart();
});

t.test('the hypervisor moves to the highest large page of memory', (t) => {
  moveWithMemoryUpTo(0x2000_0000n);
  t.equal(movedTo, 0x1fe0_0000n);
  t.end();
});

t.test('memory above 4 GiB is left to the guest', (t) => {
  addMemoryRange(0x1_0000_0000n, 0x2_0000_0000n, MemoryKind.available);
  moveWithMemoryUpTo(0xc000_0000n);
  t.equal(movedTo, 0xbfe0_0000n);
  t.end();
});

t.test('the guest does not see the hypervisor as available memory', (t) => {
  moveWithMemoryUpTo(0x2000_0000n);
  t.notOk(isAvailable(movedTo, 0x1000n));
  t.notOk(isAvailable(movedTo + LARGE_PAGE - 0x1000n, 0x1000n));
  t.ok(isAvailable(0x10_0000n, movedTo - 0x10_0000n));
  t.end();
});

t.test('pages are allocated behind the image, and most are left', (t) => {
  moveWithMemoryUpTo(0x2000_0000n);
  t.ok(allocatorUsed() < 0x2_0000n);
  t.ok(allocatePages(1) > movedTo + (bounds.end - bounds.text));
  t.end();
});

t.test('too little memory stops start-up with one line', (t) => {
  t.throws(() => moveWithMemoryUpTo(0x50_0000n - 0x10_0000n), HALTED);
  t.equal(machine.sent, 'tsvm: too little memory: no 2097152 bytes are free below 4 GiB for the hypervisor\r\n');
  t.end();
});

const GIB = 1n << 30n;

interface Use {
  readonly used: bigint;
  readonly announced: bigint;
}

/** Builds all tables of such a machine; returns the bytes that they take, and that were announced. */
function filled(
  top: bigint,
  processors: number,
  largePages: boolean,
): Readonly<Record<'host' | 'nested' | 'all', Use>> {
  resetMemory();
  simulate({
    ...machine,
    imageBounds: () => ({ ...bounds, physical: LARGE_PAGE }),
    cpuid: (leaf: number) => ({
      eax: leaf === 0x8000_0008 ? Math.max(36, 48 - Math.clz32(Number((top - 1n) >> 16n))) : 0,
      ...{ ebx: 0, ecx: 0, edx: largePages ? 1 << 26 : 0 },
    }),
    rdmsr: () => 0n,
    tryRdmsr: () => ({ value: 0n, faulted: true }),
  });
  const low = addMemory(0n, 0x10_0000);
  putMadt(low, 0xe_1000, ...Array.from({ length: processors }, (_, id) => localApic(id, 1)));
  putRsdt(low, 0xe_0000, 0xe_1000);
  putRsdp(low, 0xf_0000, 0xe_0000);
  readAcpi();
  readProcessors();
  addMemoryRange(0x10_0000n, 2n * GIB, MemoryKind.available);
  if (top > 4n * GIB) addMemoryRange(4n * GIB, top, MemoryKind.available);
  readMemoryMap();
  readMtrrs();
  const format = svmEntryFormat();
  const setAside = regionBytes(format);
  const start = 2n * GIB - setAside;
  addMemory(start, Number(setAside));
  takeRegion(start, setAside);
  const afterHost = allocatorUsed();
  buildNestedTables(format, region.start, region.bytes, hpa(mappedEnd(topOfMemory())));
  const pages = (count: number) => BigInt(count) * 4096n;
  const nested = allocatorUsed() - afterHost;
  for (let page = 0; page < 3 * processors; page++) allocatePages(1);
  return {
    host: { used: afterHost - pages(processorPages()), announced: pages(hostTablePages(topOfMemory())) },
    nested: { used: nested, announced: pages(nestedTablePages(setAside, format)) },
    // The other half is the odd MiB.
    all: { used: bounds.end - bounds.text + allocatorUsed(), announced: setAside / 2n },
  };
}

t.test('the reserved memory suffices for each machine, and is hardly larger', (t) => {
  const machines: readonly (readonly [bigint, number, boolean])[] = [
    ...[1n, 513n, 12_288n, 65_536n].flatMap((gib) =>
      [1, 256].map((processors) => [gib * GIB, processors, true] as const),
    ),
    ...[1n, 65n].flatMap((gib) => [1, 256].map((processors) => [gib * GIB, processors, false] as const)),
  ];
  for (const [top, processors, largePages] of machines) {
    const name = `${top / GIB} GiB, ${processors} processors, ${largePages ? 'with' : 'without'} 1 GiB pages`;
    for (const [what, { used, announced }] of Object.entries(filled(top, processors, largePages))) {
      t.ok(used <= announced, `${name}, ${what}: ${used} of ${announced}`);
      t.ok(announced - used < 2n * LARGE_PAGE, `${name}, ${what}: ${announced - used} too many`);
    }
  }
  t.end();
});
