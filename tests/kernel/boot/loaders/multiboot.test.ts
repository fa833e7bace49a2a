import fc from 'fast-check';
import t from 'tap';
import { bootInfo, GuestPart, isGiven, textBytes } from '../../../../kernel/handover/bootInfo.js';
import { readBootInfo } from '../../../../kernel/boot/boot.js';
import { readMultiboot } from '../../../../kernel/boot/loaders/multiboot.js';
import type { Bytes } from '../../../../transpiler/lib/index.js';
import { bundle } from '../../support/bootLoaders.js';
import { putMultibootInfo, type BootLoader } from '../../support/multibootInfo.js';
import { powerOn, stopOf, viewOf } from '../../support/startup.js';

const INFO = 0x9000;
const MIB = 0x10_0000;
const RAM = [{ start: 0n, bytes: 0x1000_0000n, kind: 1 }];
/** The whole space that 32-bit pointers reach; only the pages that a test touches are ever real. */
const allMemory = new Uint8Array(2 ** 32);

function text(bytes: Bytes): string {
  return Array.from({ length: bytes.length }, (_, i) => String.fromCharCode(bytes.u8(i))).join('');
}

function boot(given: BootLoader, change: (memory: DataView) => void = () => undefined): string | null {
  allMemory.fill(0, 0, MIB);
  const memory = powerOn(allMemory);
  putMultibootInfo(memory, INFO, { ranges: RAM, ...given });
  change(viewOf(memory));
  return stopOf(() => readMultiboot(BigInt(INFO)));
}

t.test('the memory map is copied', (t) => {
  const ranges = [
    { start: 0n, bytes: 0x9fc00n, kind: 1 },
    { start: 0xfd_0000_0000n, bytes: 0x3_0000_0000n, kind: 2 },
  ];
  t.equal(boot({ ranges }), null);
  t.equal(bootInfo.rangeCount, 2);
  t.equal(bootInfo.ranges.at(0).end, 0x9fc00n);
  t.equal(bootInfo.ranges.at(1).start, 0xfd_0000_0000n);
  t.equal(bootInfo.ranges.at(1).end, 0x100_0000_0000n);
  t.equal(bootInfo.ranges.at(1).kind, 2);
  t.end();
});

t.test('map entries may be longer than the fields that are known', (t) => {
  const stopped = boot({ ranges: [] }, (memory) => {
    memory.setUint32(INFO + 44, 56, true);
    for (const entry of [INFO + 0x100, INFO + 0x100 + 28]) {
      memory.setUint32(entry, 24, true);
      memory.setBigUint64(entry + 4, BigInt(entry), true);
      memory.setBigUint64(entry + 12, 1n, true);
    }
  });
  t.equal(stopped, null);
  t.equal(bootInfo.rangeCount, 2);
  t.equal(bootInfo.ranges.at(1).start, BigInt(INFO + 0x100 + 28));
  t.end();
});

t.test("a module's first word is its name, the rest the guest's command line", (t) => {
  const modules = [
    { start: MIB, end: 2 * MIB, text: 'vmlinuz console=ttyS0  quiet' },
    { start: 2 * MIB, end: 3 * MIB, text: '/boot/initrd.img' },
  ];
  t.equal(boot({ modules }), null);
  t.equal(text(textBytes(bootInfo.commandLine)), 'console=ttyS0  quiet');
  t.equal(bootInfo.parts.at(GuestPart.kernel).start, BigInt(MIB));
  t.equal(bootInfo.parts.at(GuestPart.initrd).end, BigInt(3 * MIB));
  t.end();
});

t.test('a module that is a bundle brings all of the guest', (t) => {
  const archive = bundle({ 'guest/kernel': 'the kernel', 'guest/initrd': 'the initrd', 'guest/cmdline': 'quiet' });
  const modules = [{ start: MIB, end: MIB + archive.length, text: 'guest.cpio some words' }];
  t.equal(
    boot({ modules }, () => allMemory.set(archive, MIB)),
    null,
  );
  const { start, end } = bootInfo.parts.at(GuestPart.kernel);
  t.equal(Buffer.from(allMemory.subarray(Number(start), Number(end))).toString(), 'the kernel');
  t.ok(isGiven(GuestPart.initrd));
  t.equal(text(textBytes(bootInfo.commandLine)), 'quiet');
  t.end();
});

t.test('one line names the fault of a bundle in a module', (t) => {
  const whole = bundle({ 'guest/kernel': 'the kernel', 'guest/policy': 'deny all' });
  for (const [line, archive] of [
    ['guest/policy cannot be enforced by this version: make the bundle without a policy', whole],
    ['the bundle is damaged or truncated', whole.subarray(0, 130)],
  ] as const) {
    const modules = [{ start: MIB, end: MIB + archive.length, text: 'guest.cpio' }];
    t.equal(
      boot({ modules }, () => allMemory.set(archive, MIB)),
      `tsvm: ${line}`,
    );
  }
  t.end();
});

t.test('an empty list of modules may have any address', (t) => {
  t.equal(
    boot({}, (memory) => memory.setUint32(INFO + 24, 0, true)),
    null,
  );
  t.notOk(isGiven(GuestPart.kernel));
  t.end();
});

t.test("the file's name before the options is dropped", (t) => {
  t.equal(boot({ commandLine: 'build/tsvm.elf crash=reset console=none' }), null);
  t.equal(text(textBytes(bootInfo.options)), 'crash=reset console=none');
  t.end();
});

t.test('GRUB 2 gives no name before the options', (t) => {
  t.equal(boot({ commandLine: 'crash=reset', loader: 'GRUB 2.06-13+deb12u1' }), null);
  t.equal(text(textBytes(bootInfo.options)), 'crash=reset');
  t.end();
});

t.test('GRUB 2 gives no name before the command line of a module', (t) => {
  const modules = [{ start: 2 * MIB, end: 3 * MIB, text: 'console=ttyS0 quiet' }];
  t.equal(boot({ modules, loader: 'GRUB 2.06-13+deb12u1' }), null);
  t.equal(text(textBytes(bootInfo.commandLine)), 'console=ttyS0 quiet');
  t.end();
});

t.test('one line names a fault in the information', (t) => {
  const module = { start: MIB, end: 2 * MIB, text: 'vmlinuz' };
  const manyRanges = Array.from({ length: 513 }, (_, i) => ({ start: BigInt(i) * 4096n, bytes: 4096n, kind: 1 }));
  const cases: readonly (readonly [string, BootLoader, (memory: DataView) => void])[] = [
    ['the boot loader gave no memory map', {}, (m) => m.setUint32(INFO, 0, true)],
    ['the boot loader gave a bad memory map', {}, (m) => m.setUint32(INFO + 44, 0xffff_ffff, true)],
    ['the boot loader gave a bad memory map', {}, (m) => m.setUint32(INFO + 48, 0xffff_fff8, true)],
    ['the memory map of the boot loader ends in the middle of an entry', {}, (m) => m.setUint32(INFO + 44, 23, true)],
    ['an entry of the memory map has a bad size', {}, (m) => m.setUint32(INFO + 0x100, 19, true)],
    [
      'a range of the memory map reaches past the last address',
      { ranges: [{ start: 2n ** 64n - 4096n, bytes: 4096n, kind: 1 }] },
      () => undefined,
    ],
    ['the memory map of the boot loader has more than 512 ranges', { ranges: manyRanges }, () => undefined],
    ['more than 2 modules: give a Linux kernel and, after it, its initrd', {}, (m) => m.setUint32(INFO + 20, 3, true)],
    ["the guest's kernel: it is empty", { modules: [{ ...module, end: MIB }] }, () => undefined],
    [
      "the guest's command line is longer than 2,048 bytes",
      { modules: [{ ...module, text: 'x'.repeat(2049) }] },
      () => undefined,
    ],
    [
      'the options are longer than 2,048 bytes',
      { commandLine: 'x'.repeat(2049), loader: 'GRUB 2.12' },
      () => undefined,
    ],
  ];
  for (const [line, given, change] of cases) t.equal(boot(given, change), `tsvm: ${line}`);
  t.end();
});

t.test('another magic number is refused', (t) => {
  powerOn(allMemory);
  t.equal(
    stopOf(() => readBootInfo(0, BigInt(INFO))),
    'tsvm: not started by a boot loader that it knows: Multiboot, Multiboot 2, Linux or EFI',
  );
  t.end();
});

t.test('any structure is accepted or refused', (t) => {
  const word = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: INFO, max: INFO + 0x800 }));
  const words = fc.array(word, { minLength: 512, maxLength: 512 });
  const magicFlags = fc.constantFrom(0x24c, 0x4c, 0xffff_ffff, 0x44);
  fc.assert(
    fc.property(words, magicFlags, fc.nat(6), fc.nat(0x3000), (filling, flags, modules, mapLength) => {
      allMemory.fill(0, 0, MIB);
      const memory = viewOf(powerOn(allMemory));
      filling.forEach((value, index) => memory.setUint32(INFO + index * 4, value, true));
      memory.setUint32(INFO, flags, true);
      memory.setUint32(INFO + 20, modules, true);
      memory.setUint32(INFO + 44, mapLength, true);
      const stopped = stopOf(() => readMultiboot(BigInt(INFO)));
      t.ok(stopped === null || /^tsvm: [^\n]+$/.test(stopped), stopped ?? 'accepted');
    }),
    { numRuns: 300 },
  );
  t.end();
});
