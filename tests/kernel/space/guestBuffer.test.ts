import t from 'tap';
import fc from 'fast-check';
import { allocatorStart } from '../../../kernel/paging/allocator.js';
import { READ, UNCACHED, WRITE } from '../../../kernel/paging/entryFormat.js';
import { readMtrrs } from '../../../kernel/paging/mtrr.js';
import { GuestBuffer, MOST_BUFFER_BYTES, openBuffer, readWord } from '../../../kernel/space/guestBuffer.js';
import { buildNestedTables, hostAddress } from '../../../kernel/space/nestedPaging.js';
import { announceRanges, hidePage, setRights } from '../../../kernel/space/pageRights.js';
import { svmEntryFormat } from '../../../kernel/svm/control/entryFormat.js';
import { PAGE_BYTES } from '../../../kernel/x86/pages.js';
import { local, window } from '../../../transpiler/lib/index.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor } from '../support/guest.js';

/** Memory of the guest up to the hidden part, and after it; all can be reached up to END. */
const HIDDEN = 0x40_0000n;
const HIDDEN_BYTES = 0x20_0000n;
const END = 0x80_0000n;
/** The ranges of the guest's that it may not read: below and above the hidden part. A third it may read only. */
const UNREADABLE = [
  { start: 0x20_0000n, end: 0x20_1000n },
  { start: 0x70_1000n, end: 0x70_4000n },
  { start: HIDDEN, end: HIDDEN + HIDDEN_BYTES },
];
const READ_ONLY = 0x30_0000n;
const TRAMPOLINE = 0x9_f000n;
const ONES = 0xffff_ffff_ffff_ffffn;

t.beforeEach(() => {
  resetMemory();
  simulate(new AmdProcessor());
  addMemory(0n, Number(END));
  allocatorStart(HIDDEN, HIDDEN_BYTES);
  readMtrrs();
  announceRanges(4);
  buildNestedTables(svmEntryFormat(), HIDDEN, HIDDEN_BYTES, END);
  for (const { start, end } of UNREADABLE.slice(0, 2)) setRights(start, end - start, 0);
  setRights(READ_ONLY, PAGE_BYTES, READ | UNCACHED);
  hidePage(TRAMPOLINE);
});

function open(address: bigint, bytes: bigint) {
  const buffer = local(GuestBuffer);
  return { buffer, isOpen: openBuffer(buffer, address, bytes) };
}

t.test('a buffer is open exactly if the guest may read each of its bytes', (t) => {
  const edges = [...UNREADABLE, { start: TRAMPOLINE, end: TRAMPOLINE + PAGE_BYTES }];
  const nearEdge = fc
    .tuple(fc.constantFrom(0n, END, ...edges.flatMap(({ start, end }) => [start, end])), fc.bigInt(-0x2000n, 0x2000n))
    .map(([edge, distance]) => (edge + distance < 0n ? 0n : edge + distance));
  const address = fc.oneof(nearEdge, fc.bigInt(0n, END + PAGE_BYTES), fc.bigInt(0n, ONES));
  const bytes = fc.oneof(fc.bigInt(1n, 0x3000n), fc.bigInt(1n, MOST_BUFFER_BYTES));
  fc.assert(
    fc.property(address, bytes, (start, count) => {
      const isApart = edges.every((range) => start >= range.end || start + count <= range.start);
      return open(start, count).isOpen === (isApart && start + count <= END);
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('a buffer does not wrap, and is not larger than any table or queue', (t) => {
  t.notOk(open(ONES - 7n, 16n).isOpen);
  t.notOk(open(0n, ONES).isOpen);
  t.ok(open(0n, 0x8_0000n).isOpen);
  t.notOk(open(0n, MOST_BUFFER_BYTES + 1n).isOpen);
  t.ok(open(READ_ONLY, PAGE_BYTES).isOpen);
  t.end();
});

t.test('words are read from the buffer only, and are ones elsewhere', (t) => {
  window(0x1_0000n, 32).setU64(0, 0x1122_3344_5566_7788n);
  window(0x1_0000n, 32).setU64(24, 0x99n);
  const { buffer } = open(0x1_0000n, 32n);
  t.same(
    [0n, 24n, 25n, 32n, ONES].map((offset) => readWord(buffer, offset)),
    [0x1122_3344_5566_7788n, 0x99n, ONES, ONES, ONES],
  );
  t.equal(readWord(open(0x1_0000n, 7n).buffer, 0n), ONES);
  t.equal(readWord(open(HIDDEN, 32n).buffer, 0n), ONES, 'what is not open has no words');
  t.end();
});

t.test('code and page tables are not read from where the guest may not read', (t) => {
  const decoy = hostAddress(HIDDEN);
  for (const { start, end } of UNREADABLE) {
    t.equal(hostAddress(start - 1n), start - 1n);
    t.equal(hostAddress(start), decoy);
    t.equal(hostAddress(end - 8n), decoy + 0xff8n);
    t.equal(hostAddress(end), end);
  }
  t.equal(hostAddress(END), decoy);
  t.equal(hostAddress(READ_ONLY), READ_ONLY);
  t.end();
});

t.test('with rights to write only, the guest may not read', (t) => {
  resetMemory();
  simulate(new AmdProcessor());
  addMemory(0n, Number(END));
  allocatorStart(HIDDEN, HIDDEN_BYTES);
  announceRanges(1);
  buildNestedTables(svmEntryFormat(), HIDDEN, HIDDEN_BYTES, END);
  setRights(READ_ONLY, PAGE_BYTES, WRITE);
  t.notOk(open(READ_ONLY, 8n).isOpen);
  t.end();
});
