import fc from 'fast-check';
import t from 'tap';
import { bootInfo } from '../../../kernel/handover/bootInfo.js';
import { addEfiRanges, bootServicesIn, keepEfiMap, keptByFirmwareIn } from '../../../kernel/machine/efiMemoryMap.js';
import { efiMap, type EfiRange } from '../support/bootLoaders.js';
import { powerOn, stopOf } from '../support/startup.js';

function keep(ranges: readonly EfiRange[], descriptorBytes = 48): string | null {
  const map = efiMap(ranges, descriptorBytes);
  powerOn(map);
  return stopOf(() => {
    keepEfiMap(0n, map.length, descriptorBytes, 1);
    addEfiRanges();
  });
}

function ranges(): (readonly [bigint, bigint, number])[] {
  return Array.from({ length: bootInfo.rangeCount }, (_, i) => {
    const { start, end, kind } = bootInfo.ranges.at(i);
    return [start, end, kind] as const;
  });
}

t.test('neighbours that are for the same use become one range', (t) => {
  const map = [
    { type: 7, start: 0n, pages: 1n },
    { type: 3, start: 0x1000n, pages: 2n },
    { type: 2, start: 0x3000n, pages: 1n },
    { type: 6, start: 0x4000n, pages: 1n },
    { type: 7, start: 0x10_0000n, pages: 256n },
  ];
  t.equal(keep(map, 64), null);
  t.same(ranges(), [
    [0n, 0x4000n, 1],
    [0x4000n, 0x5000n, 2],
    [0x10_0000n, 0x20_0000n, 1],
  ]);
  t.end();
});

t.test('each type has its kind', (t) => {
  const kinds = [2, 1, 1, 1, 1, 2, 2, 1, 5, 3, 4, 2, 2, 2, 7, 2, 2];
  kinds.forEach((kind, type) => {
    t.equal(keep([{ type, start: 0x10_0000n, pages: 1n }]), null);
    t.equal(bootInfo.ranges.at(0).kind, kind, `type ${type}`);
  });
  t.end();
});

t.test('memory that cannot be cached is reserved, memory for a purpose is kept for it', (t) => {
  t.equal(keep([{ type: 7, start: 0n, pages: 1n, attributes: 1n }]), null);
  t.equal(bootInfo.ranges.at(0).kind, 2);
  t.equal(keep([{ type: 7, start: 0n, pages: 1n, attributes: 0x4_0008n }]), null);
  t.equal(bootInfo.ranges.at(0).kind, 0xefff_ffff);
  t.end();
});

t.test('what boot services left is found', (t) => {
  keep([
    { type: 7, start: 0n, pages: 16n },
    { type: 4, start: 0x10000n, pages: 1n },
  ]);
  t.equal(bootServicesIn(0n, 0x10000n), 0x10000n);
  t.equal(bootServicesIn(0xf000n, 0x20000n), 0x10000n);
  t.equal(bootServicesIn(0x11000n, 0x20000n), 0x20000n);
  t.end();
});

const OVERLAP = 'tsvm: ranges of the EFI memory map overlap';

t.test('ranges that share an address are refused, in whatever order they come', (t) => {
  const ranges = [
    { type: 7, start: 0x10_0000n, pages: 4n },
    { type: 6, start: 0x10_3000n, pages: 4n },
    { type: 7, start: 0x20_0000n, pages: 4n },
  ];
  t.equal(keep(ranges), OVERLAP);
  t.equal(keep(ranges.toReversed()), OVERLAP);
  t.equal(keep([...ranges.slice(0, 1), ...ranges.slice(0, 1)]), OVERLAP, 'twice the same');
  t.equal(keep([{ type: 7, start: 0n, pages: 0x400n }, ...ranges.slice(0, 1)]), OVERLAP, 'one in the other');
  t.end();
});

t.test('ranges need no order, and one without a page overlaps nothing', (t) => {
  const ranges = [
    { type: 7, start: 0x20_0000n, pages: 4n },
    { type: 6, start: 0x20_1000n, pages: 0n },
    { type: 7, start: 0x10_0000n, pages: 0x100n },
  ];
  t.equal(keep(ranges), null);
  t.end();
});

t.test('what the firmware keeps for good is found', (t) => {
  keep([
    { type: 4, start: 0n, pages: 16n },
    { type: 6, start: 0x10000n, pages: 1n },
    { type: 7, start: 0x20000n, pages: 1n, attributes: 1n },
  ]);
  t.equal(keptByFirmwareIn(0n, 0x10000n), 0x10000n);
  t.equal(keptByFirmwareIn(0n, 0x20000n), 0x10000n);
  t.equal(keptByFirmwareIn(0x11000n, 0x30000n), 0x20000n);
  t.equal(keptByFirmwareIn(0x21000n, 0x30000n), 0x30000n, 'what the map does not tell of');
  t.end();
});

t.test('whatever the map holds, it is taken or refused in one line', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400, size: 'max' }),
      fc.nat(100),
      fc.nat(2),
      (map, descriptorBytes, version) => {
        powerOn(map);
        const stopped = stopOf(() => {
          keepEfiMap(0n, map.length, descriptorBytes, version);
          addEfiRanges();
        });
        t.ok(stopped === null || /^tsvm: [ -~]+$/.test(stopped), stopped ?? 'taken');
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});
