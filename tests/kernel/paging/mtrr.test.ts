import t from 'tap';
import fc from 'fast-check';
import { memoryTypeAt, MemoryType, readMtrrs, uniformType } from '../../../kernel/paging/mtrr.js';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor } from '../support/guest.js';

const DEFAULT_TYPE = 0x2ff;
const ENABLED = 1n << 11n;
const FIXED_ENABLED = 1n << 10n;
const PAGE = 0x1000n;
const MIB_2 = 0x20_0000n;
const GIB = 1n << 30n;
const WIDTH_40 = (1n << 40n) - 1n;
const { uncached, writeCombining, writeThrough, writeProtected, writeBack } = MemoryType;

interface Range {
  readonly base: bigint;
  readonly bytes: bigint;
  readonly type: number;
}

/** MTRRs as firmware sets them; every fixed byte is `fixed`, or write-back. */
function setMtrrs(ranges: readonly Range[], defaults: bigint, fixed = 6n, topOfMemory2?: bigint): void {
  resetMemory();
  const { msrs } = new AmdProcessor();
  msrs.set(0xfe, 0x508n);
  msrs.set(DEFAULT_TYPE, defaults);
  for (const msr of [0x250, 0x258, 0x259]) msrs.set(msr, fixed * 0x0101_0101_0101_0101n);
  for (let msr = 0x268; msr <= 0x26f; msr++) msrs.set(msr, fixed * 0x0101_0101_0101_0101n);
  for (let i = 0; i < 8; i++) {
    const range = ranges[i];
    msrs.set(0x200 + 2 * i, range ? range.base | BigInt(range.type) : 0n);
    msrs.set(0x201 + 2 * i, range ? (~(range.bytes - 1n) & WIDTH_40) | (1n << 11n) : 0n);
  }
  if (topOfMemory2 !== undefined) {
    msrs.set(0xc001_0010, (1n << 21n) | (1n << 22n));
    msrs.set(0xc001_001d, topOfMemory2);
  }
  const processor = new AmdProcessor();
  for (const [msr, value] of msrs) processor.msrs.set(msr, value);
  simulate(processor);
  readMtrrs();
}

/** What SeaBIOS does: write-back but for the hole below 4 GiB. */
function setUsual(): void {
  setMtrrs([{ base: 0xc000_0000n, bytes: GIB, type: uncached }], ENABLED | FIXED_ENABLED | 6n);
}

t.test('the default type rules where no range does', (t) => {
  setUsual();
  t.equal(memoryTypeAt(0x10_0000n), writeBack);
  t.equal(memoryTypeAt(5n * GIB), writeBack);
  t.end();
});

t.test('a variable range rules from its first to its last byte', (t) => {
  setUsual();
  t.equal(memoryTypeAt(0xbfff_f000n), writeBack);
  t.equal(memoryTypeAt(0xc000_0000n), uncached);
  t.equal(memoryTypeAt(0xffff_f000n), uncached);
  t.equal(memoryTypeAt(0x1_0000_0000n), writeBack);
  t.end();
});

t.test('MTRRs that are off (E) make all memory uncached', (t) => {
  setMtrrs([{ base: 0n, bytes: GIB, type: writeBack }], 6n);
  t.equal(memoryTypeAt(0x10_0000n), uncached);
  t.end();
});

t.test('fixed ranges override variable ones below 1 MiB', (t) => {
  setMtrrs([{ base: 0n, bytes: GIB, type: writeThrough }], ENABLED | FIXED_ENABLED, 5n);
  t.equal(memoryTypeAt(0xa_0000n), writeProtected);
  t.equal(memoryTypeAt(0xf_f000n), writeProtected);
  t.equal(memoryTypeAt(0x10_0000n), writeThrough);
  t.end();
});

t.test('fixed ranges that are off (FE) do not count', (t) => {
  setMtrrs([{ base: 0n, bytes: GIB, type: writeThrough }], ENABLED, 5n);
  t.equal(memoryTypeAt(0xa_0000n), writeThrough);
  t.end();
});

t.test('AMD’s RdMem and WrMem bits are not part of a fixed type', (t) => {
  setMtrrs([], ENABLED | FIXED_ENABLED, 0x1en);
  t.equal(memoryTypeAt(0n), writeBack);
  t.end();
});

t.test('each fixed register rules its own addresses', (t) => {
  const processor = new AmdProcessor();
  processor.msrs.set(0xfe, 0x100n).set(DEFAULT_TYPE, ENABLED | FIXED_ENABLED | 6n);
  const registers = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f];
  for (const msr of registers) processor.msrs.set(msr, 0n);
  processor.msrs
    .set(0x250, 6n << 56n)
    .set(0x258, 5n)
    .set(0x259, 4n << 56n)
    .set(0x26f, 1n << 56n);
  simulate(processor);
  readMtrrs();
  t.equal(memoryTypeAt(0x7_0000n), writeBack);
  t.equal(memoryTypeAt(0x6_f000n), uncached);
  t.equal(memoryTypeAt(0x8_3000n), writeProtected);
  t.equal(memoryTypeAt(0xb_c000n), writeThrough);
  t.equal(memoryTypeAt(0xf_f000n), writeCombining);
  t.end();
});

t.test('of overlapping ranges uncached wins', (t) => {
  const both = [
    { base: 0n, bytes: GIB, type: writeBack },
    { base: 0n, bytes: MIB_2, type: uncached },
  ];
  for (const ranges of [both, [...both].reverse()]) {
    setMtrrs(ranges, ENABLED | 1n);
    t.equal(memoryTypeAt(0n), uncached);
    t.equal(memoryTypeAt(MIB_2), writeBack);
  }
  t.end();
});

t.test('of overlapping ranges write-through beats write-back', (t) => {
  setMtrrs(
    [
      { base: 0n, bytes: GIB, type: writeBack },
      { base: 0n, bytes: MIB_2, type: writeThrough },
    ],
    ENABLED,
  );
  t.equal(memoryTypeAt(0n), writeThrough);
  t.end();
});

t.test('combinations that the manual leaves undefined are uncached', (t) => {
  setMtrrs(
    [
      { base: 0n, bytes: GIB, type: writeBack },
      { base: 0n, bytes: MIB_2, type: writeCombining },
    ],
    ENABLED,
  );
  t.equal(memoryTypeAt(0n), uncached);
  t.end();
});

t.test('on AMD memory from 4 GiB to TOP_MEM2 is write-back by itself', (t) => {
  setMtrrs([], ENABLED, 6n, 6n * GIB + MIB_2);
  t.equal(memoryTypeAt(6n * GIB), writeBack);
  t.equal(memoryTypeAt(7n * GIB), uncached);
  t.equal(memoryTypeAt(2n * GIB), uncached);
  t.notOk(uniformType(6n * GIB, GIB));
  t.ok(uniformType(6n * GIB, MIB_2));
  t.ok(uniformType(5n * GIB, GIB));
  t.end();
});

t.test('a large page does not span the fixed ranges', (t) => {
  setUsual();
  t.notOk(uniformType(0n, MIB_2));
  t.ok(uniformType(MIB_2, MIB_2));
  t.notOk(uniformType(0n, GIB));
  t.ok(uniformType(0n, PAGE));
  t.end();
});

t.test('a large page may fill a range or lie beside it', (t) => {
  setUsual();
  t.ok(uniformType(2n * GIB, GIB));
  t.ok(uniformType(3n * GIB, GIB));
  t.end();
});

t.test('a large page does not span a range’s edge', (t) => {
  setMtrrs([{ base: 0xe000_0000n, bytes: GIB / 2n, type: uncached }], ENABLED | 6n);
  t.notOk(uniformType(3n * GIB, GIB));
  t.ok(uniformType(0xe000_0000n, MIB_2));
  t.end();
});

t.test('every 4 KiB of a page that is called uniform has one type', (t) => {
  const type = fc.constantFrom(0, 1, 4, 5, 6);
  const range = fc
    .record({ shift: fc.integer({ min: 12, max: 24 }), position: fc.integer({ min: 0, max: 4095 }), type })
    .map(({ shift, position, type: of }) => {
      const bytes = 1n << BigInt(shift);
      return { base: (BigInt(position) << 12n) & ~(bytes - 1n), bytes, type: of };
    });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), type, fc.integer({ min: 0, max: 7 }), (ranges, base, page) => {
      setMtrrs(ranges, ENABLED | BigInt(base));
      const start = BigInt(page) * MIB_2;
      if (!uniformType(start, MIB_2)) return true;
      const first = memoryTypeAt(start);
      for (let at = start; at < start + MIB_2; at += PAGE) if (memoryTypeAt(at) !== first) return false;
      return true;
    }),
    { numRuns: 100 },
  );
  t.end();
});
