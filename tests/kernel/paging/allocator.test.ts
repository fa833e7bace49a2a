import fc from 'fast-check';
import t from 'tap';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { allocatePages, allocatorStart, allocatorUsed } from '../../../kernel/paging/allocator.js';
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

const MIB = 0x10_0000n;
const isOdd = (address: bigint) => (address & MIB) !== 0n;

t.test('pages lie in even MiB only, whatever is taken together', (t) => {
  const anyCounts = fc.array(fc.integer({ min: 1, max: 32 }), { maxLength: 60 });
  fc.assert(
    fc.property(anyCounts, fc.nat(255), (counts, taken) => {
      resetMemory();
      simulate(new SerialMachine());
      addMemory(START, Number(16n * MIB));
      allocatorStart(START + BigInt(taken) * 0x1000n, 16n * MIB);
      let last = 0n;
      for (const count of counts) {
        const first = allocatePages(count);
        t.notOk(isOdd(first) || isOdd(first + BigInt(count) * 0x1000n - 1n), first.toString(16));
        t.ok(first >= last, 'after what was taken before');
        last = first + BigInt(count) * 0x1000n;
      }
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('the next page after the last of an even MiB is in the next one, or there is none', (t) => {
  addMemory(0x80_0000n, Number(4n * MIB));
  allocatorStart(0x80_0000n, 3n * MIB);
  allocatePages(256);
  t.equal(allocatePages(256), 0xa0_0000n);
  t.throws(() => allocatePages(1), HALTED);
  t.throws(() => allocatePages(257), HALTED, 'more than fits one');
  t.end();
});
