import t from 'tap';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { allocatePages, allocatorStart, allocatorUsed } from '../../../kernel/memory/allocator.js';
import { HALTED, SerialMachine } from '../../support/image.js';

const START = 0x40_0000n;
let memory: Uint8Array = new Uint8Array();

t.beforeEach(() => {
  resetMemory();
  simulate(new SerialMachine());
  memory = addMemory(START, new Uint8Array(0x4000).fill(0xaa));
  allocatorStart(START, 0x4000n);
});

t.test('pages are given one after the other', (t) => {
  t.equal(allocatePages(1), START);
  t.equal(allocatePages(2), START + 0x1000n);
  t.equal(allocatorUsed(), 0x3000n);
  t.end();
});

t.test('pages are zeroed, and only they', (t) => {
  allocatePages(1);
  t.ok(memory.subarray(0, 0x1000).every((byte) => byte === 0));
  t.equal(memory[0x1000], 0xaa);
  t.end();
});

t.test('start-up stops when the pages are used up', (t) => {
  allocatePages(4);
  t.throws(() => allocatePages(1), HALTED);
  t.end();
});

t.test('a count that no memory holds is refused', (t) => {
  t.throws(() => allocatePages(0xffff_ffff), HALTED);
  t.end();
});
