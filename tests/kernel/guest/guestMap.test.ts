import fc from 'fast-check';
import t from 'tap';
import { addMemoryRange, bootInfo } from '../../../kernel/handover/bootInfo.js';
import { keepEfiMap } from '../../../kernel/machine/efiMemoryMap.js';
import { efiMapBytesMost, writeEfiInfo } from '../../../kernel/guest/efi/map.js';
import { extensionBytes, writeMemoryMap } from '../../../kernel/guest/memory/guestMap.js';
import { hideRange, readMemoryMap } from '../../../kernel/machine/memoryMap.js';
import { window } from '../../../transpiler/lib/index.js';
import { efiMap, type EfiRange } from '../support/bootLoaders.js';
import { powerOn, stopOf, viewOf } from '../support/startup.js';

const MEMORY = 0x10_0000;
const GIVEN = 0x8_0000n;
const TABLE = 0x9_0000n;
const page = () => window(0n, 4096);
const room = (bytes: bigint) => window(TABLE, Number(bytes));

t.test('up to 128 ranges fit into the zero page', (t) => {
  const memory = viewOf(powerOn(MEMORY));
  for (let i = 0n; i < 128n; i++) addMemoryRange(2n * i * 4096n, (2n * i + 1n) * 4096n, 1);
  readMemoryMap();
  t.equal(extensionBytes(), 0n);
  writeMemoryMap(page(), room(0n));
  t.equal(memory.getUint8(0x1e8), 128);
  t.equal(memory.getBigUint64(0x250, true), 0n);
  t.equal(memory.getBigUint64(0x2d0 + 127 * 20, true), 254n * 4096n);
  t.end();
});

t.test('more ranges follow as setup data', (t) => {
  const memory = viewOf(powerOn(MEMORY));
  for (let i = 0n; i < 131n; i++) addMemoryRange(2n * i * 4096n, (2n * i + 1n) * 4096n, 1);
  readMemoryMap();
  t.equal(extensionBytes(), 76n);
  writeMemoryMap(page(), room(76n));
  t.equal(memory.getUint8(0x1e8), 128);
  t.equal(memory.getBigUint64(0x250, true), TABLE);
  const link = Number(TABLE);
  t.equal(memory.getBigUint64(link, true), 0n);
  t.equal(memory.getUint32(link + 8, true), 1);
  t.equal(memory.getUint32(link + 12, true), 60);
  t.equal(memory.getBigUint64(link + 16 + 40, true), 260n * 4096n);
  t.end();
});

t.test('a buffer that is too small ends start-up, and nothing is written behind it', (t) => {
  powerOn(MEMORY);
  for (let i = 0n; i < 131n; i++) addMemoryRange(2n * i * 4096n, (2n * i + 1n) * 4096n, 1);
  readMemoryMap();
  const refusal = "tsvm: the guest's memory map needs more room than it has";
  t.equal(
    stopOf(() => writeMemoryMap(page(), room(75n))),
    refusal,
  );
  t.end();
});

/** Gives the map to the guest; returns the descriptors that it gets. */
function guestMap(ranges: readonly EfiRange[], hidden: readonly (readonly [bigint, bigint])[]) {
  const memory = powerOn(MEMORY);
  const map = efiMap(ranges);
  memory.set(map, Number(GIVEN));
  bootInfo.efi.systemTable = 0x1_2345_6018n;
  keepEfiMap(GIVEN, map.length, 48, 1);
  readMemoryMap();
  for (const [start, bytes] of hidden) hideRange(start, bytes);
  writeEfiInfo(page(), room(efiMapBytesMost()));
  const view = viewOf(memory);
  const bytes = view.getUint32(0x1d4, true);
  const descriptors = Array.from({ length: bytes / 48 }, (_, index) => {
    const at = Number(TABLE) + index * 48;
    return [view.getUint32(at, true), view.getBigUint64(at + 8, true), view.getBigUint64(at + 24, true)] as const;
  });
  return { view, bytes, descriptors };
}

t.test('hidden memory is cut out of EFI’s map and reserved in it', (t) => {
  const ranges = [
    { type: 7, start: 0n, pages: 160n },
    { type: 7, start: 0x10_0000n, pages: 0x700n },
    { type: 6, start: 0x80_0000n, pages: 1n },
  ];
  const { view, descriptors } = guestMap(ranges, [
    [0x60_0000n, 0x20_0000n],
    [0x8000n, 0x1000n],
  ]);
  t.same(descriptors, [
    [7, 0n, 8n],
    [0, 0x8000n, 1n],
    [7, 0x9000n, 151n],
    [7, 0x10_0000n, 0x500n],
    [0, 0x60_0000n, 0x200n],
    [6, 0x80_0000n, 1n],
  ]);
  t.equal(view.getUint32(0x1c0, true), 0x3436_4c45);
  t.equal(view.getUint32(0x1c4, true), 0x2345_6018);
  t.equal(view.getUint32(0x1d8, true), 1);
  t.equal(view.getUint32(0x1d0, true), Number(TABLE));
  t.end();
});

t.test('for any hidden memory no page gets lost, and the map fits into its buffer', (t) => {
  const pages = fc.array(fc.tuple(fc.constantFrom(7, 4, 6, 10), fc.bigInt(1n, 20n)), { maxLength: 8 });
  const hidden = fc.array(fc.tuple(fc.bigInt(0n, 100n), fc.bigInt(1n, 30n)), { maxLength: 3 });
  fc.assert(
    fc.property(pages, hidden, (pages, hidden) => {
      let start = 0n;
      const ranges = pages.map(([type, count]) => {
        const range = { type, start, pages: count };
        start += count * 4096n;
        return range;
      });
      const { bytes, descriptors } = guestMap(
        ranges,
        hidden.map(([first, count]) => [first * 4096n, count * 4096n] as const),
      );
      t.ok(BigInt(bytes) <= efiMapBytesMost());
      const seen = descriptors.flatMap(([type, from, count]) =>
        Array.from({ length: Number(count) }, (_, i) => [from / 4096n + BigInt(i), type] as const),
      );
      const isHidden = (page: bigint): boolean =>
        hidden.some(([first, count]) => first <= page && page < first + count);
      const expected = ranges.flatMap(({ type, start: from, pages: count }) =>
        Array.from({ length: Number(count) }, (_, i) => {
          const page = from / 4096n + BigInt(i);
          return [page, isHidden(page) ? 0 : type] as const;
        }),
      );
      t.same(seen, expected);
    }),
  );
  t.end();
});

/** Any ranges, as damaged firmware may return them: overlapping, without pages, in no order. */
const anyRanges = fc.array(fc.record({ type: fc.constantFrom(7, 4, 6, 10), start: fc.nat(99), pages: fc.nat(60) }), {
  maxLength: 24,
});
const anyHidden = fc.array(fc.tuple(fc.bigInt(0n, 100n), fc.bigInt(1n, 30n)), { maxLength: 6 });

t.test('for any EFI map no byte is written beyond its buffer', (t) => {
  fc.assert(
    fc.property(anyRanges, anyHidden, fc.nat(47), (ranges, hidden, less) => {
      const memory = powerOn(MEMORY);
      const map = efiMap(
        ranges.map(({ type, start, pages }) => ({ type, start: pageAt(start), pages: BigInt(pages) })),
      );
      memory.set(map, Number(GIVEN));
      bootInfo.efi.systemTable = 0x1000n;
      let most = 0;
      stopOf(() => {
        keepEfiMap(GIVEN, map.length, 48, 1);
        readMemoryMap();
        for (const [start, pages] of hidden) hideRange(start * 4096n, pages * 4096n);
        most = Math.max(0, Number(efiMapBytesMost()) - less);
        memory.fill(0xa5, Number(TABLE) - 4096, MEMORY);
        writeEfiInfo(page(), room(BigInt(most)));
      });
      const end = Number(TABLE) + most;
      t.ok(most === 0 || memory.subarray(Number(TABLE) - 4096, Number(TABLE)).every((byte) => byte === 0xa5), 'before');
      t.ok(most === 0 || memory.subarray(end).every((byte) => byte === 0xa5), 'behind');
    }),
  );
  t.end();
});

function pageAt(number: number): bigint {
  return BigInt(number) * 4096n;
}
