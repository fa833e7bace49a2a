import fc from 'fast-check';
import t from 'tap';
import { addMemoryRange, bootInfo, GuestPart, GUEST_PARTS } from '../../../kernel/handover/bootInfo.js';
import { keepEfiMap } from '../../../kernel/machine/efiMemoryMap.js';
import {
  excludeRange,
  hideRange,
  highestFree,
  isAvailable,
  memoryMap,
  readMemoryMap,
  topOfMemory,
} from '../../../kernel/machine/memoryMap.js';
import { addMemory } from '../../../transpiler/lib/testing.js';
import { efiMap } from '../support/bootLoaders.js';
import { powerOn } from '../support/startup.js';

type Range = readonly [start: bigint, end: bigint, kind: number];

function given(...ranges: readonly Range[]): void {
  powerOn(0x1000);
  for (const [start, end, kind] of ranges) addMemoryRange(start, end, kind);
  readMemoryMap();
}

function shown(): Range[] {
  return Array.from({ length: memoryMap.count }, (_, i) => {
    const { start, end, kind } = memoryMap.ranges.at(i);
    return [start, end, kind] as const;
  });
}

function addPart(number: number, start: bigint, end: bigint): void {
  const part = bootInfo.parts.at(number);
  part.start = start;
  part.end = end;
}

/** From the least to the most restrictive; 12 stands for a kind that has no name. */
const order = [1, 3, 4, 2, 12, 5];
const rankOf = (kind: number): number => (kind === 12 ? order.indexOf(2) : order.indexOf(kind));
const small = fc.tuple(fc.bigInt(0n, 60n), fc.bigInt(1n, 20n), fc.constantFrom(...order));
const smallRanges = fc
  .array(small, { maxLength: 12 })
  .map((ranges) => ranges.map(([start, bytes, kind]): Range => [start, start + bytes, kind]));

t.test('a clean map stays as it is, only sorted', (t) => {
  given([0x100000n, 0x200000n, 1], [0n, 0x9fc00n, 1], [0x200000n, 0x300000n, 1], [0x9fc00n, 0xa0000n, 2]);
  t.same(shown(), [
    [0n, 0x9fc00n, 1],
    [0x9fc00n, 0xa0000n, 2],
    [0x100000n, 0x200000n, 1],
    [0x200000n, 0x300000n, 1],
  ]);
  t.end();
});

t.test('where ranges overlap, the more restrictive kind wins', (t) => {
  given([0x1000n, 0x9000n, 1], [0x3000n, 0x5000n, 3], [0x4000n, 0x6000n, 4]);
  t.same(shown(), [
    [0x1000n, 0x3000n, 1],
    [0x3000n, 0x4000n, 3],
    [0x4000n, 0x6000n, 4],
    [0x6000n, 0x9000n, 1],
  ]);
  t.end();
});

t.test('hidden memory is reserved, and its neighbours stay', (t) => {
  given([0n, 0x10000n, 1], [0x10000n, 0x20000n, 2]);
  hideRange(0xe000n, 0x2000n);
  t.same(shown(), [
    [0n, 0xe000n, 1],
    [0xe000n, 0x10000n, 2],
    [0x10000n, 0x20000n, 2],
  ]);
  t.end();
});

t.test('ranges up to the last address are kept', (t) => {
  const last = 2n ** 64n - 1n;
  given([last - 4096n, last, 2], [0n, 0x1000n, 1]);
  t.same(shown(), [
    [0n, 0x1000n, 1],
    [last - 4096n, last, 2],
  ]);
  t.end();
});

t.test('every address has the most restrictive kind that any range gives it', (t) => {
  fc.assert(
    fc.property(smallRanges, (ranges) => {
      given(...ranges);
      const pieces = shown();
      for (let address = 0n; address < 90n; address++) {
        const covers = ([start, end]: Range): boolean => start <= address && address < end;
        const kinds = ranges.filter(covers).map(([, , kind]) => rankOf(kind));
        const found = pieces.filter(covers).map(([, , kind]) => rankOf(kind));
        t.same(found, kinds.length === 0 ? [] : [Math.max(...kinds)]);
      }
    }),
  );
  t.end();
});

t.test('512 ranges in the most pieces they can make fit', (t) => {
  const holes = Array.from({ length: 511 }, (_, i): Range => [BigInt(2 * i + 1), BigInt(2 * i + 2), 2]);
  given([0n, 2000n, 1], ...holes);
  hideRange(1500n, 1n);
  t.equal(memoryMap.count, 1025);
  t.equal(memoryMap.ranges.at(1024).end, 2000n);
  t.end();
});

t.test('the highest free memory lies below the limit, aligned, clear of parts of the guest and of exclusions', (t) => {
  given([0n, 0x9f000n, 1], [0x100000n, 0x800000n, 1], [0x1_0000_0000n, 0x2_0000_0000n, 1]);
  t.equal(highestFree(0x1000n, 2n ** 32n, 0x1000n), 0x7ff000n);
  t.equal(highestFree(0x1000n, 0x600800n, 0x1000n), 0x5ff000n);
  t.equal(highestFree(0x1000n, 2n ** 32n, 0x200000n), 0x600000n);
  addPart(GuestPart.initrd, 0x700000n, 0x7ff800n);
  t.equal(highestFree(0x1000n, 2n ** 32n, 0x1000n), 0x6ff000n);
  excludeRange(0x600000n, 0xfffffn);
  t.equal(highestFree(0x1000n, 2n ** 32n, 0x1000n), 0x5ff000n);
  t.equal(highestFree(0x700000n, 2n ** 32n, 0x1000n), 0n);
  t.end();
});

t.test('the memory found is free, and there is no higher one', (t) => {
  const blocks = (maxLength: number) => fc.array(fc.tuple(fc.bigInt(0n, 60n), fc.bigInt(1n, 10n)), { maxLength });
  const wish = fc.tuple(fc.bigInt(1n, 12n), fc.bigInt(1n, 90n), fc.constantFrom(1n, 2n, 8n));
  fc.assert(
    fc.property(smallRanges, blocks(GUEST_PARTS), blocks(4), wish, (ranges, parts, excluded, [bytes, below, align]) => {
      given(...ranges);
      parts.forEach(([start, length], number) => addPart(number, start, start + length));
      for (const [start, length] of excluded) excludeRange(start, length);
      const isFree = (start: bigint): boolean =>
        start + bytes <= below &&
        shown().some(([from, end, kind]) => kind === 1 && from <= start && start + bytes <= end) &&
        [...parts, ...excluded].every(([from, length]) => from + length <= start || start + bytes <= from);
      const places = Array.from({ length: 90 }, (_, i) => BigInt(89 - i)).filter((place) => place % align === 0n);
      t.equal(highestFree(bytes, below, align), places.find(isFree) ?? 0n);
    }),
  );
  t.end();
});

t.test('a range is available across neighbours, not across gaps or other kinds', (t) => {
  given([0x1000n, 0x3000n, 1], [0x3000n, 0x5000n, 1], [0x5000n, 0x6000n, 2], [0x7000n, 0x8000n, 1]);
  t.ok(isAvailable(0x1000n, 0x4000n));
  t.notOk(isAvailable(0x1000n, 0x4001n));
  t.notOk(isAvailable(0xfffn, 0x10n));
  t.notOk(isAvailable(0x7000n, 2n ** 64n - 1n));
  t.end();
});

t.test('the top of memory is the end of the highest available range', (t) => {
  given([0n, 0x8000_0000n, 1], [0x1_0000_0000n, 0x1_8000_0000n, 1], [0xfd_0000_0000n, 0x100_0000_0000n, 2]);
  t.equal(topOfMemory(), 0x1_8000_0000n);
  t.end();
});

t.test('memory that EFI’s map keeps is not used, even if the boot loader calls it available', (t) => {
  given([0n, 0x10_0000n, 1]);
  const map = efiMap([
    { type: 7, start: 0n, pages: 0x80n },
    { type: 6, start: 0x8_0000n, pages: 0x10n },
  ]);
  addMemory(0x20_0000n, map);
  keepEfiMap(0x20_0000n, map.length, 48, 1);
  t.notOk(isAvailable(0x8_0000n, 0x1000n), 'runtime services');
  t.notOk(isAvailable(0x7_f000n, 0x2000n));
  t.ok(isAvailable(0x7_f000n, 0x1000n));
  t.ok(isAvailable(0x9_0000n, 0x1000n), 'what the map of EFI does not tell of');
  t.equal(highestFree(0x1000n, 0x9_0000n, 0x1000n), 0x7_f000n);
  t.end();
});
