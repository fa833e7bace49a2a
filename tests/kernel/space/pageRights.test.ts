import t from 'tap';
import fc from 'fast-check';
import { allocatorStart, allocatorUsed } from '../../../kernel/paging/allocator.js';
import { ALL_RIGHTS, EXECUTE, READ, UNCACHED, WRITE } from '../../../kernel/paging/entryFormat.js';
import { readMtrrs } from '../../../kernel/paging/mtrr.js';
import {
  buildNestedTables,
  hostAddress,
  isHidden,
  isPlain,
  mayRead,
  mayWrite,
  nestedTablePages,
  writableHostAddress,
} from '../../../kernel/space/nestedPaging.js';
import { announceRanges, changeRightsOfRange, hidePage, setRights } from '../../../kernel/space/pageRights.js';
import { svmEntryFormat } from '../../../kernel/svm/control/entryFormat.js';
import { vmxEntryFormat } from '../../../kernel/vmx/control/entryFormat.js';
import { PAGE_BYTES } from '../../../kernel/x86/pages.js';
import { addMemory, resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, HALTED, walkTables } from '../support/guest.js';
import { IntelProcessor } from '../support/intel.js';

const GIB = 1n << 30n;
const MIB = 1n << 20n;
/** Where the memory ends that the hypervisor can read. */
const END = 8n * GIB;
const REGION = 0x3fe0_0000n;
const REGION_BYTES = 2n * MIB;
/** A device’s registers, in a 1 GiB page. */
const DEVICE = 0xfeb4_3000n;

const formats = {
  'AMD-V': { Processor: AmdProcessor, format: svmEntryFormat },
  'Intel VT-x': { Processor: IntelProcessor, format: vmxEntryFormat },
} as const;
type Name = keyof typeof formats;
const names = Object.keys(formats) as Name[];

let root = 0n;

/** Builds the tables of a machine with 1 GiB of memory, whose last 2 MiB are hidden, for `ranges` announced ranges. */
function build(name: Name = 'AMD-V', ranges = 0): void {
  resetMemory();
  const { Processor, format } = formats[name];
  simulate(new Processor());
  addMemory(REGION, 0x80_0000);
  allocatorStart(REGION, 0x80_0000n);
  readMtrrs();
  announceRanges(ranges);
  root = buildNestedTables(format(), REGION, REGION_BYTES, END);
}

/** What the guest may do at `address`: `u` is for uncached. */
function rightsOf(name: Name, address: bigint): string {
  const entry = walkTables(root, address)?.entry ?? 0n;
  const has = (bit: number): boolean => (entry & (1n << BigInt(bit))) !== 0n;
  const isUncached = name === 'AMD-V' ? has(3) && has(4) : ((entry >> 3n) & 7n) === 0n;
  const mayExecute = name === 'AMD-V' ? !has(63) : has(2);
  if (!has(0)) return '';
  return `r${has(1) ? 'w' : ''}${mayExecute ? 'x' : ''}${isUncached ? 'u' : ''}`;
}

for (const name of names) {
  t.test(`${name}: a page has the rights that it was given, and its neighbours have all`, (t) => {
    for (const [rights, expected] of [
      [0, ''],
      [READ, 'r'],
      [READ | UNCACHED, 'ru'],
      [READ | EXECUTE, 'rx'],
      [READ | WRITE, 'rw'],
      [READ | WRITE | UNCACHED, 'rwu'],
      [ALL_RIGHTS, 'rwx'],
      [WRITE | EXECUTE, ''],
    ] as const) {
      build(name, 1);
      if (name === 'AMD-V') t.equal(rightsOf(name, DEVICE), 'rwx');
      setRights(DEVICE, PAGE_BYTES, rights);
      const ordinary = rightsOf(name, GIB);
      t.equal(rightsOf(name, DEVICE), expected, `rights ${rights}`);
      t.equal(rightsOf(name, DEVICE + 0xfffn), expected);
      t.equal(rightsOf(name, DEVICE - 1n), ordinary);
      t.equal(rightsOf(name, DEVICE + PAGE_BYTES), ordinary);
      t.equal(walkTables(root, DEVICE + PAGE_BYTES)?.target, DEVICE + PAGE_BYTES);
    }
    t.end();
  });

  t.test(`${name}: rights change in place, also from none`, (t) => {
    build(name, 1);
    setRights(DEVICE, 3n * PAGE_BYTES, 0);
    const used = allocatorUsed();
    for (const [rights, expected] of [
      [READ | UNCACHED, 'ru'],
      [READ | WRITE | UNCACHED, 'rwu'],
      [0, ''],
      [READ | WRITE | UNCACHED, 'rwu'],
    ] as const) {
      t.ok(changeRightsOfRange(DEVICE, 3n * PAGE_BYTES, rights));
      t.equal(rightsOf(name, DEVICE + 2n * PAGE_BYTES), expected);
    }
    t.equal(walkTables(root, DEVICE + 2n * PAGE_BYTES)?.target, DEVICE + 2n * PAGE_BYTES);
    t.equal(allocatorUsed(), used);
    t.end();
  });

  t.test(`${name}: a long range keeps large pages, whatever rights they have`, (t) => {
    build(name, 1);
    const start = 0xe000_0000n - PAGE_BYTES;
    const bytes = 256n * MIB + 2n * PAGE_BYTES;
    setRights(start, bytes, 0);
    t.equal(rightsOf(name, start + 128n * MIB), '');
    t.ok(changeRightsOfRange(start, bytes, READ | UNCACHED));
    for (const address of [start, 0xe000_0000n, 0xe800_0000n, start + bytes - 1n]) {
      t.equal(rightsOf(name, address), 'ru', address.toString(16));
    }
    t.equal(walkTables(root, 0xe800_0000n)?.bytes, 2n * MIB);
    for (const address of [start - 1n, start + bytes]) t.not(rightsOf(name, address), 'ru');
    t.end();
  });

  t.test(`${name}: ranges anywhere take no more tables than announced, and leave all other pages alone`, (t) => {
    const page = fc.bigInt({ min: 0n, max: END / PAGE_BYTES - 1n });
    const range = fc.tuple(page, fc.oneof(fc.bigInt({ min: 1n, max: 8n }), fc.bigInt({ min: 1n, max: 300_000n })));
    const isFree = (start: bigint, end: bigint): boolean => end <= REGION || start >= REGION + REGION_BYTES;
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 6 }), page, (pages, other) => {
        const ranges = pages
          .map(([first, count]) => [first * PAGE_BYTES, count * PAGE_BYTES] as const)
          .filter(([start, bytes]) => start + bytes <= END && isFree(start, start + bytes));
        build(name, ranges.length);
        for (const [start, bytes] of ranges) setRights(start, bytes, READ);
        const isRestricted = (address: bigint): boolean =>
          ranges.some(([start, bytes]) => address >= start && address < start + bytes);
        const agrees = (address: bigint): boolean => {
          if (!isFree(address, address + 1n)) return isHidden(address) && !isPlain(address);
          return (
            mayRead(address) &&
            mayWrite(address) !== isRestricted(address) &&
            !(isRestricted(address) && isPlain(address))
          );
        };
        const edges = ranges.flatMap(([start, bytes]) => [start - 1n, start, start + bytes - 1n, start + bytes]);
        const format = formats[name].format();
        return (
          allocatorUsed() / PAGE_BYTES <= BigInt(nestedTablePages(REGION_BYTES, format)) &&
          [other * PAGE_BYTES, ...edges.filter((address) => address >= 0n && address < END)].every(agrees)
        );
      }),
    );
    t.end();
  });
}

t.test('the hypervisor reads and writes for the guest only what the guest may', (t) => {
  build('AMD-V', 3);
  const decoy = hostAddress(REGION);
  setRights(0x1000n, PAGE_BYTES, READ | UNCACHED);
  setRights(DEVICE, PAGE_BYTES, 0);
  setRights(0x3000n, PAGE_BYTES, READ | WRITE);
  t.same([mayRead(0x1ff0n), mayWrite(0x1ff0n), writableHostAddress(0x1ff0n)], [true, false, decoy + 0xff0n]);
  t.same([mayRead(DEVICE), mayWrite(DEVICE), writableHostAddress(DEVICE)], [false, false, decoy]);
  t.same([mayRead(0x3000n), mayWrite(0x3000n), writableHostAddress(0x3000n)], [true, true, 0x3000n]);
  t.same([0x1000n, 0x3000n, DEVICE - 1n].map(isHidden), [false, false, false]);
  t.ok(isHidden(DEVICE));
  t.end();
});

t.test('memory is plain below all devices, and from 4 GiB on below all devices there', (t) => {
  for (const [start, bytes, plain, others] of [
    [DEVICE, PAGE_BYTES, [0n, REGION - 1n, 4n * GIB, END - 1n], [REGION, DEVICE, 4n * GIB - 1n]],
    [0xa_0000n, PAGE_BYTES, [0x9_ffffn, 4n * GIB], [0xa_0000n, 0xa_1000n, REGION - 1n]],
    [6n * GIB, PAGE_BYTES, [REGION - 1n, 6n * GIB - 1n], [REGION, 6n * GIB, END - 1n]],
    [4n * GIB - PAGE_BYTES, 2n * PAGE_BYTES, [REGION - 1n], [4n * GIB - 1n, 4n * GIB, END - 1n]],
  ] as const) {
    build('AMD-V', 1);
    setRights(start, bytes, 0);
    t.same(plain.filter(isPlain), plain, start.toString(16));
    t.same(others.filter(isPlain), [], start.toString(16));
  }
  t.end();
});

t.test('a page beyond what the hypervisor can read is none that it uses for the guest', (t) => {
  build('AMD-V', 1);
  setRights(END, PAGE_BYTES, 0);
  t.ok(isHidden(END));
  t.notOk(mayRead(END));
  t.notOk(isPlain(END));
  t.ok(mayWrite(END - 1n));
  t.end();
});

t.test('more ranges than announced, hidden memory and memory that is not there end start-up', (t) => {
  build('AMD-V', 1);
  setRights(DEVICE, PAGE_BYTES, READ);
  t.throws(() => setRights(DEVICE, PAGE_BYTES, READ), HALTED);
  t.throws(() => hidePage(0x9_f000n), HALTED);
  for (const [start, bytes] of [
    [REGION, PAGE_BYTES],
    [REGION - PAGE_BYTES, 2n * PAGE_BYTES],
    [REGION + REGION_BYTES - PAGE_BYTES, PAGE_BYTES],
    [1n << 40n, PAGE_BYTES],
    [(1n << 40n) - PAGE_BYTES, 2n * PAGE_BYTES],
    [1n << 63n, PAGE_BYTES],
  ] as const) {
    build('AMD-V', 1);
    t.throws(() => setRights(start, bytes, READ), HALTED, start.toString(16));
  }
  t.end();
});

t.test('rights of a range that was not set apart do not change', (t) => {
  build('AMD-V', 1);
  t.notOk(changeRightsOfRange(DEVICE, PAGE_BYTES, READ));
  t.equal(rightsOf('AMD-V', DEVICE), 'rwx');
  t.end();
});
