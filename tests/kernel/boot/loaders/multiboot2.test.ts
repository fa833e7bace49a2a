import fc from 'fast-check';
import t from 'tap';
import { readBootInfo } from '../../../../kernel/boot/boot.js';
import { bootInfo, GuestPart, textBytes } from '../../../../kernel/handover/bootInfo.js';
import { MULTIBOOT2_MAGIC } from '../../../../kernel/boot/loaders/multiboot2.js';
import type { Bytes } from '../../../../transpiler/lib/index.js';
import { efiMap, multiboot2, multiboot2Info, type MultibootTag } from '../../support/bootLoaders.js';
import { powerOn, stopOf, viewOf } from '../../support/startup.js';

const INFO = 0x9000;
const MIB = 0x10_0000;
const memoryMap = multiboot2.memoryMap([
  { start: 0n, bytes: 0x9_fc00n, kind: 1 },
  { start: 0x1_0000_0000n, bytes: 0x4000_0000n, kind: 1 },
]);
const kernel = { start: MIB, end: 2 * MIB, text: 'vmlinuz console=ttyS0' };
const allMemory = new Uint8Array(2 ** 32);

function text(bytes: Bytes): string {
  return Array.from({ length: bytes.length }, (_, i) => String.fromCharCode(bytes.u8(i))).join('');
}

function boot(tags: readonly MultibootTag[], change: (memory: DataView) => void = () => undefined): string | null {
  allMemory.fill(0, 0, MIB);
  const memory = powerOn(allMemory);
  memory.set(multiboot2Info(tags), INFO);
  change(viewOf(memory));
  return stopOf(() => readBootInfo(MULTIBOOT2_MAGIC, BigInt(INFO)));
}

t.test('memory map, options and modules are copied', (t) => {
  const initrd = { start: 2 * MIB, end: 3 * MIB, text: 'initrd' };
  const tags = [
    multiboot2.text(1, 'tsvm.bin crash=halt'),
    memoryMap,
    multiboot2.module(kernel),
    multiboot2.module(initrd),
  ];
  t.equal(boot(tags), null);
  t.equal(bootInfo.rangeCount, 2);
  t.equal(bootInfo.ranges.at(1).end, 0x1_4000_0000n);
  t.equal(text(textBytes(bootInfo.options)), 'crash=halt');
  t.equal(text(textBytes(bootInfo.commandLine)), 'console=ttyS0');
  t.equal(bootInfo.parts.at(GuestPart.kernel).end, BigInt(2 * MIB));
  t.equal(bootInfo.parts.at(GuestPart.initrd).start, BigInt(2 * MIB));
  t.end();
});

t.test('GRUB 2 gives no names of files', (t) => {
  const tags = [
    multiboot2.text(1, 'crash=reset'),
    multiboot2.text(2, 'GRUB 2.06'),
    memoryMap,
    multiboot2.module({ ...kernel, text: 'quiet' }),
  ];
  t.equal(boot(tags), null);
  t.equal(text(textBytes(bootInfo.options)), 'crash=reset');
  t.equal(text(textBytes(bootInfo.commandLine)), 'quiet');
  t.end();
});

t.test('EFI’s system table and memory map are kept', (t) => {
  const map = efiMap([{ type: 7, start: 0n, pages: 256n }]);
  t.equal(boot([memoryMap, multiboot2.efiMap(map), multiboot2.systemTable(0x7f00_0018n)]), null);
  t.equal(bootInfo.efi.systemTable, 0x7f00_0018n);
  t.equal(bootInfo.efi.mapBytes, 48);
  t.equal(bootInfo.rangeCount, 2, 'the map of the boot loader goes before that of EFI');
  t.equal(boot([multiboot2.efiMap(map)]), null);
  t.equal(bootInfo.ranges.at(0).end, 0x10_0000n);
  t.end();
});

t.test('the newer copy of the RSDP is kept', (t) => {
  t.equal(boot([memoryMap, [15, Buffer.alloc(36, 'new')], [14, Buffer.alloc(20, 'old')]]), null);
  t.equal(bootInfo.rsdpCopyBytes, 36);
  t.equal(bootInfo.rsdpCopy.get(0), 'n'.charCodeAt(0));
  t.end();
});

t.test('one line names a fault in the tags', (t) => {
  const cases: readonly (readonly [string, readonly MultibootTag[], (memory: DataView) => void])[] = [
    ['the boot loader gave no memory map', [], () => undefined],
    ['the boot loader left the boot services of EFI running', [[18, Buffer.alloc(0)], memoryMap], () => undefined],
    ['the Multiboot2 information has a bad size', [memoryMap], (m) => m.setUint32(INFO, 7, true)],
    ['the Multiboot2 information has a bad size', [memoryMap], (m) => m.setUint32(INFO, 0xffff_fff0, true)],
    ['a tag of the Multiboot2 information has a bad length', [memoryMap], (m) => m.setUint32(INFO + 12, 7, true)],
    ['a tag of the Multiboot2 information has a bad length', [memoryMap], (m) => m.setUint32(INFO + 12, 9999, true)],
    [
      'the memory map of the boot loader has entries of a bad size',
      [memoryMap],
      (m) => m.setUint32(INFO + 16, 16, true),
    ],
    [
      'more than 2 modules: give a Linux kernel and, after it, its initrd',
      [memoryMap, ...[1, 2, 3].map((at) => multiboot2.module({ start: at * MIB, end: (at + 1) * MIB, text: '' }))],
      () => undefined,
    ],
    [
      "the guest's kernel and its initrd overlap",
      [memoryMap, multiboot2.module(kernel), multiboot2.module({ ...kernel, start: MIB + 4096 })],
      () => undefined,
    ],
  ];
  for (const [line, tags, change] of cases) t.equal(boot(tags, change), `tsvm: ${line}`);
  t.end();
});

t.test('any tags are accepted, or refused with one line', (t) => {
  const known = fc.constantFrom(0, 1, 2, 3, 6, 12, 14, 15, 17, 18, 21);
  const tag = fc.tuple(known, fc.uint8Array({ maxLength: 64 })) as fc.Arbitrary<MultibootTag>;
  const tags = fc.array(fc.oneof(tag, fc.constantFrom(memoryMap, multiboot2.module(kernel))), { maxLength: 8 });
  const changes = fc.array(fc.tuple(fc.nat(128), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(tags, changes, (tags, changes) => {
      const stopped = boot(tags, (memory) => {
        for (const [offset, value] of changes) memory.setUint8(INFO + offset, value);
      });
      t.ok(stopped === null || /^tsvm: [ -~]+$/.test(stopped), stopped ?? 'taken');
    }),
    { numRuns: 300 },
  );
  t.end();
});
