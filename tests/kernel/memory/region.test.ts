import t from 'tap';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { addMemoryRange, MemoryKind } from '../../../kernel/boot/bootInfo.js';
import { isAvailable, readMemoryMap } from '../../../kernel/machine/memoryMap.js';
import { allocatePages, allocatorUsed } from '../../../kernel/memory/allocator.js';
import { readMtrrs } from '../../../kernel/memory/mtrr.js';
import { moveToRegion } from '../../../kernel/memory/region.js';
import { svmEntryFormat } from '../../../kernel/svm/entryFormat.js';
import { consoleStart } from '../../../kernel/report/console.js';
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
